"""``data import``, ``rehearse`` and ``backtest`` as a user runs them, on made-up candles in files.

Candle files → the database → the whole desk on a replay clock, in SQLite and in PostgreSQL → one
JSON document, which the backtest of the same period bears out.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from db.unit_of_work import SqlUnits
from engine.domain.market import CandleSeries, Symbol
from tests.scenario.cli import Answer, Cli
from tests.scenario.history import HOUR, START, Market, candles

BARS = 36
END = START + BARS * HOUR
PERIOD = f"--from {START:%Y-%m-%dT%H:%M} --to {END:%Y-%m-%dT%H:%M}"
MARKETS = (
    Market(symbol=Symbol("AAA", "USDT"), volatility=0.012),
    Market(symbol=Symbol("BBB", "USDT"), price=20, absent=0.06, volatility=0.015, volume=20_000),
)
# Half of all bars are worth a look, so that two days suffice.
CONFIG = """
[strategy]
name = "score"
min_rank_fraction = 0.5
[exits]
time_stop_bars = 8
target_atr_multiple = 2.0
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """A folder with a configuration and two candle files."""
    made = Cli(tmp_path)
    made.configure(CONFIG)
    for market in MARKETS:
        name = f"{market.symbol.base}_{market.symbol.quote}-1h.csv"
        write_csv(candles(market, seed=8, bars=BARS), tmp_path / name)
    return made


def write_csv(series: CandleSeries, path: Path) -> None:
    rows = [",".join(map(str, row)) for row in zip(*series.columns(), strict=True)]
    path.write_text("\n".join(["ts_ms,open,high,low,close,volume", *rows]) + "\n")


def test_a_rehearsal_tells_the_same_in_sqlite_and_postgres_and_in_the_backtest(
    cli: Cli, postgres_url: str
) -> None:
    with cli.session() as run:
        imported = run("data import . --json").ok().json
        again = run("data import . --json").ok().json
        told = run(f"rehearse {PERIOD} --json --report out").ok().json
        elsewhere = run(f"rehearse {PERIOD} --json --database {postgres_url}").ok().json
        replayed = run(f"backtest --timeframe 1h {PERIOD} --json").ok().json
        refused = run(f"rehearse {PERIOD} --json --database {postgres_url}")
        portfolio = run("portfolio --json").ok().json
    assert {file["bad_rows"] for file in imported["files"]} == {0}
    assert {file["new"] for file in again["files"]} == {0}
    assert_whole(told)
    assert told == elsewhere
    assert_borne_out(told, replayed)
    assert {path.name for path in (cli.folder / "out").iterdir()} == {
        "report.json",
        "card.png",
        "chart.png",
        "portfolio.png",
    }
    assert_refused(refused, "holds records already")
    assert portfolio["trades_closed"] == 0  # play money of the past stays out of the desk's book


def assert_whole(told: dict[str, Any]) -> None:
    """Everything a rehearsal promises to say is there, and adds up."""
    symbols = len(MARKETS)
    assert told["closes"] == BARS
    assert told["decisions"] == symbols * BARS
    assert told["proposed"] >= told["filled"] > 3
    assert told["asked"] == told["approved"] + sum(told["later"].values()) > 3
    assert told["closed_trades"] == len(told["trades"]) > 2
    assert told["refusal_kinds"] == len(told["refused"]) > 0
    assert told["audit_verified_lines"] == told["audit_lines"] > BARS
    assert told["messages"]["pending"] > told["asked"]
    assert len(told["equity"]) == BARS
    assert told["equity"][-1]["equity_quote"] == told["final_equity_quote"]
    assert Decimal(told["start_equity_quote"]) == 10_000


def assert_borne_out(told: dict[str, Any], replayed: dict[str, Any]) -> None:
    """The backtest's document has the keys of the contract, and the same trades and equity."""
    assert {"start_equity", "metrics", "costs", "strategy_version"} <= set(replayed)
    assert abs(replayed["final_equity"] - float(told["final_equity_quote"])) < 1e-6
    trades = sorted(replayed["trades"], key=lambda t: (t["closed_at"], t["symbol"]))
    rehearsed = sorted(told["trades"], key=lambda t: (t["closed_at"], t["symbol"]))
    assert len(trades) == len(rehearsed)
    for one, other in zip(rehearsed, trades, strict=True):
        assert (one["symbol"], one["side"]) == (other["symbol"], other["side"])
        assert one["exit_reason"] == other["exit_reason"]
        assert abs(float(one["pnl_quote"]) - other["pnl_quote"]) < 1e-6
        assert one["opened_at"][:19] == other["opened_at"][:19]


def assert_refused(answer: Answer, why: str) -> None:
    assert answer.code == 2
    assert answer.out == ""
    assert why in answer.err


def test_without_answers_questions_are_asked_and_expire(cli: Cli) -> None:
    with cli.session() as run:
        run("data import .").ok()
        told = run(f"rehearse {PERIOD} --approve none --json").ok().json
    assert told["asked"] > 0
    assert told["approved"] == told["filled"] == 0
    assert set(told["later"]) == {"expired"}
    assert told["final_equity_quote"] == told["start_equity_quote"]


def test_yeses_that_take_people_and_a_code_are_taken_as_confirmed_and_counted(cli: Cli) -> None:
    cli.configure(f"{CONFIG}[approval]\nquorum_above_quote = 1\ntotp_above_quote = 1\n")
    with cli.session() as run:
        run("data import .").ok()
        told = run(f"rehearse {PERIOD} --json").ok().json
        said = run(f"rehearse {PERIOD}").ok().out
    assert told["codes_assumed"] == told["approved"] > 3
    assert told["filled"] > 3
    assert "taken as confirmed, for want of a code" in said


PEEKING = """
import numpy as np

from engine.strategy.custom import custom
from engine.strategy.policy import ExitPolicy


def signal(bars):
    here = np.abs(bars.close - {price!r}) < 1e-9
    following = np.append(bars.close[1:], 0.0)
    return np.where(here & (following > 0.0), 1, 0), np.full(len(bars), 100.0)


STRATEGY = custom(
    name="peek",
    timeframe="1h",
    signals={{"PEEK": signal}},
    exits=ExitPolicy(),
)
"""


def test_a_file_that_peeks_at_a_single_stored_candle_is_not_rehearsed(cli: Cli) -> None:
    price = candles(MARKETS[0], seed=8, bars=BARS).close[-10]
    (cli.folder / "peek.py").write_text(PEEKING.format(price=price))
    with cli.session() as run:
        run("data import .").ok()
        refused = run(f"rehearse {PERIOD} --strategy peek.py --json")
    assert_refused(refused, "but 0 when")


def test_who_rehearses_has_looked_as_who_plays_a_backtest(cli: Cli) -> None:
    days = 40
    series = candles(MARKETS[0], seed=8, bars=days * 24)
    write_csv(series, cli.folder / "AAA_USDT-1h.csv")
    period = f"--from {START:%Y-%m-%d} --to {START + days * 24 * HOUR:%Y-%m-%d} --symbol AAA/USDT"
    with cli.session() as run:
        run("data import AAA_USDT-1h.csv").ok()
        run(f"rehearse {period} --timeframe 1d --approve none --json").ok()
        rehearsed = trials_of(cli)
        run(f"backtest {period} --timeframe 1d --json").ok()
    assert len(rehearsed) == 1
    assert trials_of(cli) == rehearsed


def trials_of(cli: Cli) -> list[str]:
    """Ids of what was looked at, from the database that the desk uses."""
    units = SqlUnits(f"sqlite:///{next((cli.folder / 'var').glob('*.db'))}")
    with units(read_only=True) as unit:
        found = [trial.id for trial in unit.trials.all()]
    units.close()
    return found
