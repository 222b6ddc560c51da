"""``cryptotrader factor``: what waits at the terminal, and what it takes away."""

from datetime import UTC, datetime
from pathlib import Path

from db.unit_of_work import SqlUnits
from engine.domain.factors import Factor, FactorState
from engine.domain.secret_text import SecretText
from tests.scenario.cli import Cli

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def test_a_lost_factor_is_taken_away_after_a_question(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    with cli.session() as run:
        assert run("factor list").ok().out.count("off") == 1
        _keep_factor(tmp_path)
        listed = run("factor list --json").ok()
        assert listed.json == {
            "people": [{"user_id": 0, "name": "terminal", "active": True}],
            "waiting": [],
        }
        refused = run("factor reset 0", typed="n\n")
        assert refused.code == 3
        assert run("factor reset 0 --yes").ok().out == "the second factor is off\n"
        assert run("factor reset 0 --yes").code == 2
        audit = run("audit verify").ok()
        told = "".join(f"{one.out}{one.err}" for one in (listed, refused, audit))
    assert SECRET not in told


def test_a_wish_that_does_not_wait_here_is_wrong_usage(tmp_path: Path) -> None:
    answer = Cli(tmp_path).run("factor", "confirm", "q0123456789abcdef0123", "--yes")
    assert answer.code == 2
    assert "nothing waits" in answer.err


def _keep_factor(folder: Path) -> None:
    units = SqlUnits(f"sqlite:///{folder}/var/cryptotrader.db")
    with units() as unit:
        unit.factors.put(
            None,
            Factor(
                user_id=0,
                secret=SecretText(SECRET),
                made_at=datetime(2026, 3, 2, tzinfo=UTC),
                state=FactorState.ACTIVE,
            ),
        )
        unit.commit()
    units.close()
