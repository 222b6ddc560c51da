"""``cryptotrader calibrate`` as a person uses it: fit, look, put to use, and be refused."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.unit_of_work import SqlUnits
from engine.domain.market import Symbol
from engine.proof.calibration.known_edge import driftless
from tests.scenario.cli import Cli, Session

_BARS = 2_600


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A folder with candles of two made-up coins."""
    cli = Cli(tmp_path_factory.mktemp("calibrate"))
    candles = cli.folder / "candles"
    candles.mkdir()
    for number, symbol in enumerate((Symbol("AAA", "USDT"), Symbol("BBB", "USDT"))):
        _write(candles / f"{symbol.base}_{symbol.quote}-1h.csv", seed=number)
    return cli


@pytest.fixture(scope="module")
def run(desk: Cli) -> Iterator[Session]:
    """Runs commands in that folder, in one process, with the candles imported."""
    with desk.session() as session:
        session("data import candles --venue files").ok()
        yield session


def _write(file: Path, *, seed: int) -> None:
    bars = driftless(seed, _BARS)
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("ts_ms", "open", "high", "low", "close", "volume"))
        for t, row in enumerate(zip(*columns, strict=True)):
            rows.writerow((int(bars.open_ms[t]), *(f"{value:.6f}" for value in row)))


def trials(desk: Cli) -> list[str]:
    """The strategies of all trials that were counted."""
    units = SqlUnits(f"sqlite:///{desk.folder / 'var' / 'cryptotrader.db'}")
    with units(read_only=True) as unit:
        seen = [trial.strategy_version for trial in unit.trials.of("score")]
    units.close()
    return seen


def test_a_fit_is_stored_unused_and_used_only_when_a_person_says_so(
    run: Session, desk: Cli
) -> None:
    made = run("calibrate --strategy score --venue files --report out --json").ok().json
    version = made["calibration"]["version"]
    assert version.startswith("score-1/1h/")
    assert made["active"] is False
    assert {curve["direction"] for curve in made["calibration"]["curves"]} == {1, -1}
    assert set(made["reliability"]["skill"]) == {"bins", "isotonic"}
    png = (desk.folder / "out" / "reliability.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert (desk.folder / "out" / "reliability.json").stat().st_size > 100

    assert [row["active"] for row in run("calibrate --list --json").ok().json] == [False]
    refused = run(f"calibrate --activate {version}", typed="y\n")
    assert refused.code == 3
    assert "run this in a terminal" in refused.err
    assert [row["active"] for row in run("calibrate --list --json").ok().json] == [False]

    agreed = run(f"calibrate --activate {version} --yes --json").ok().json
    assert agreed == {"active": version, "before": None}
    assert [row["active"] for row in run("calibrate --list --json").ok().json] == [True]
    told = run("audit tail --json").ok().out
    assert "calibration_activated" in told
    assert version in told


def test_a_fit_counts_as_a_look_at_the_results(run: Session, desk: Cli) -> None:
    run("calibrate --strategy score --venue files").ok()
    assert trials(desk) == ["score-1"]


def test_the_same_candles_give_the_same_version_again(run: Session) -> None:
    first, again = (
        run("calibrate --strategy score --venue files --json").ok().json for _ in range(2)
    )
    assert first["calibration"]["version"] == again["calibration"]["version"]
    assert len(run("calibrate --list --json").ok().json) == 1


def test_the_table_is_printed_for_people(run: Session) -> None:
    told = run("calibrate --strategy score --venue files").ok().out
    assert "Promised and realised, out of sample" in told
    assert "Not in use." in told
    assert "range-calm, long" in told


def test_a_version_that_is_not_stored_is_wrong_usage(run: Session) -> None:
    answer = run("calibrate --activate score-1/1h/ffffff --yes")
    assert answer.code == 2
    assert "not a stored calibration" in answer.err


def test_too_few_candles_are_said_and_nothing_was_looked_at(run: Session, desk: Cli) -> None:
    before = trials(desk)
    answer = run("calibrate --strategy score --venue files --from 2018-04-18")
    assert answer.code == 1
    assert "too few to calibrate" in answer.err
    assert trials(desk) == before
