"""Second factors and challenges: the fake, SQLite and PostgreSQL keep them alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.errors import ConflictError
from engine.domain.factors import (
    Challenge,
    ChallengeKind,
    ChallengeState,
    Factor,
    FactorState,
)
from engine.domain.secret_text import SecretText
from engine.ports import Units

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def factor(user_id: int = 1, **changes: object) -> Factor:
    values = {
        "user_id": user_id,
        "secret": SecretText("JBSWY3DPEHPK3PXP"),
        "made_at": T0,
        "shown_codes": SecretText("aaaa bbbb"),
        **changes,
    }
    return Factor(**values)  # type: ignore[arg-type]  # the names are those of Factor


def challenge(number: str = "q1", user_id: int = 1, **changes: object) -> Challenge:
    values = {
        "id": number,
        "user_id": user_id,
        "kind": ChallengeKind.CODE,
        "area": "approval",
        "subject": "a1",
        "action": "approve",
        "facts": {"token": "t", "amount": None},
        "opened_at": T0,
        "expires_at": T0 + 2 * MINUTE,
        **changes,
    }
    return Challenge(**values)  # type: ignore[arg-type]  # the names are those of Challenge


class TestFactors:
    def test_a_factor_comes_back_whole(self, units: Units) -> None:
        whole = factor(
            2**40,
            state=FactorState.ACTIVE,
            shown_codes=None,
            recovery=("x", "y"),
            last_step=58_000_000,
            wrong_tries=6,
            locked_until=T0 + MINUTE,
        )
        with units() as unit:
            unit.factors.put(None, factor())
            unit.factors.put(None, whole)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.factors.get(2**40) == whole
            assert unit.factors.get(3) is None
            assert unit.factors.all() == [factor(), whole]

    def test_a_second_factor_of_one_person_is_a_conflict(self, units: Units) -> None:
        with units() as unit:
            unit.factors.put(None, factor())
            with pytest.raises(ConflictError):
                unit.factors.put(None, factor())

    def test_only_the_factor_that_was_read_is_replaced(self, units: Units) -> None:
        used = replace(factor(), state=FactorState.ACTIVE, shown_codes=None, last_step=5)
        with units() as unit:
            unit.factors.put(None, factor())
            unit.factors.put(factor(), used)
            unit.commit()
        with units() as unit:
            with pytest.raises(ConflictError):
                unit.factors.put(factor(), replace(used, last_step=6))
            assert unit.factors.get(1) == used

    @pytest.mark.parametrize(
        "changes",
        [{"last_step": 7}, {"wrong_tries": 1}, {"recovery": ("x",)}, {"made_at": T0 + MINUTE}],
        ids=str,
    )
    def test_a_code_that_was_counted_meanwhile_is_a_conflict(
        self, units: Units, changes: dict[str, object]
    ) -> None:
        before = factor()
        with units() as unit:
            unit.factors.put(None, replace(before, **changes))  # type: ignore[arg-type]  # see above
            with pytest.raises(ConflictError):
                unit.factors.put(before, before)

    def test_a_forgotten_factor_is_gone(self, units: Units) -> None:
        with units() as unit:
            unit.factors.put(None, factor())
            assert unit.factors.remove(1)
            assert not unit.factors.remove(1)
            assert unit.factors.get(1) is None
            unit.factors.put(None, factor())
            unit.commit()


class TestChallenges:
    def test_a_challenge_comes_back_whole(self, units: Units) -> None:
        with units() as unit:
            assert unit.factors.add(challenge())
            assert not unit.factors.add(challenge(user_id=9))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.factors.challenge("q1") == challenge()
            assert unit.factors.challenge("q2") is None

    def test_open_ones_come_newest_first(self, units: Units) -> None:
        newer = challenge("q2", opened_at=T0 + MINUTE, kind=ChallengeKind.TERMINAL)
        other = challenge("q3", user_id=2)
        with units() as unit:
            for one in (challenge(), newer, other):
                unit.factors.add(one)
            assert unit.factors.open(1) == [newer, challenge()]
            assert unit.factors.open() == [newer, other, challenge()]
            assert unit.factors.open(3) == []

    def test_a_challenge_ends_once(self, units: Units) -> None:
        passed = challenge().end(ChallengeState.PASSED, T0 + MINUTE)
        with units() as unit:
            unit.factors.add(challenge())
            unit.factors.end(passed)
            with pytest.raises(ConflictError):
                unit.factors.end(challenge().end(ChallengeState.EXPIRED, T0))
            assert unit.factors.challenge("q1") == passed
            assert unit.factors.open() == []
            unit.commit()

    def test_an_unknown_challenge_cannot_end(self, units: Units) -> None:
        with units() as unit, pytest.raises(ConflictError):
            unit.factors.end(challenge("q9").end(ChallengeState.PASSED, T0))
