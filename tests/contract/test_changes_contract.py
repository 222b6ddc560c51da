"""What the stores of changes promise, as ``engine.ports`` says; runs on every adapter of units."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.domain.changes import Change, ChangeKind, Facts, Override, change_digest
from engine.domain.desk import Person, Role
from engine.domain.errors import ConflictError
from engine.domain.ids import ChangeId
from engine.domain.lifecycles import ApprovalState
from engine.ports import Units
from tests.fakes.samples import HOSTILE, MINUTE, T0

BEFORE: Facts = {"weights": "score-1", "shares": {"RSI": 0.1, "MACD": 0.3}, "old": None}
AFTER: Facts = {"weights": HOSTILE, "shares": {"RSI": 0.30000000000000004}, "on": True, "n": [1]}


def change(number: str = "c1", **changes: object) -> Change:
    """A question about weights."""
    kind, subject = ChangeKind.WEIGHTS, "score"
    made = Change(
        id=ChangeId(number),
        kind=kind,
        subject=subject,
        value="score-2",
        before=BEFORE,
        after=AFTER,
        digest=change_digest(kind, subject, BEFORE, AFTER),
        token=f"token-of-{number}",
        asked_by=7,
        created_at=T0,
        expires_at=T0 + timedelta(days=1),
        reason=HOSTILE,
        evidence={"proof": "none", "name": HOSTILE},
        needed=2,
        needs_code=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # Change's names


def override(key: str = "risk.max_open_positions", **changes: object) -> Override:
    made = Override(key=key, value="7", before="5", set_at=T0, set_by=7, change_id=ChangeId("c1"))
    return replace(made, **changes)  # type: ignore[arg-type]  # Override's names


class TestChanges:
    def test_a_change_comes_back_whole_with_the_digest_of_its_facts(self, units: Units) -> None:
        with units() as unit:
            assert unit.changes.add(change())
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.changes.get(ChangeId("c1")) == change()
            assert unit.changes.by_token("token-of-c1") == change()
            assert unit.changes.get(ChangeId("c2")) is None
            assert unit.changes.by_token("token") is None

    def test_a_change_is_added_once(self, units: Units) -> None:
        with units() as unit:
            assert unit.changes.add(change())
            assert not unit.changes.add(change(reason="again", token="another"))
            assert not unit.changes.add(change("c2", token="token-of-c1"))
            assert unit.changes.recent(10) == [change()]

    def test_open_ones_come_oldest_first_and_recent_ones_newest_first(self, units: Units) -> None:
        ended = change("c3", created_at=T0 + MINUTE).end(ApprovalState.REJECTED, T0 + 2 * MINUTE)
        with units() as unit:
            unit.changes.add(change("c2", created_at=T0 + 2 * MINUTE))
            unit.changes.add(ended)
            unit.changes.add(change("c1"))
            unit.commit()
        with units(read_only=True) as unit:
            assert [row.id for row in unit.changes.pending()] == ["c1", "c2"]
            assert [row.id for row in unit.changes.recent(2)] == ["c2", "c3"]

    def test_an_end_is_stored_once(self, units: Units) -> None:
        yes = change().counted(7).end(ApprovalState.APPROVED, T0 + MINUTE, by=7)
        no = change().end(ApprovalState.REJECTED, T0 + MINUTE, by=8, note=HOSTILE)
        with units() as unit:
            unit.changes.add(change())
            unit.changes.replace(change(), yes)
            with pytest.raises(ConflictError, match="c1"):
                unit.changes.replace(change(), no)
            assert unit.changes.get(ChangeId("c1")) == yes

    def test_a_vote_that_somebody_else_did_not_see_is_not_lost(self, units: Units) -> None:
        with units() as unit:
            unit.changes.add(change())
            unit.changes.replace(change(), change().counted(1))
            with pytest.raises(ConflictError):
                unit.changes.replace(change(), change().counted(2))
            unit.changes.replace(change().counted(1), change().counted(1).counted(2))
            (row,) = unit.changes.pending()
            assert row.approvers == (1, 2)

    def test_what_was_asked_never_changes(self, units: Units) -> None:
        after: Facts = {"weights": "mine"}
        forged = replace(
            change(),
            after=after,
            digest=change_digest(ChangeKind.WEIGHTS, "score", BEFORE, after),
            reason="another",
            token="stolen",
        )
        with units() as unit:
            unit.changes.add(change())
            unit.changes.replace(change(), forged.end(ApprovalState.APPROVED, T0 + MINUTE, by=7))
            found = unit.changes.get(ChangeId("c1"))
        assert found == change().end(ApprovalState.APPROVED, T0 + MINUTE, by=7)

    def test_one_that_is_not_there_cannot_be_replaced(self, units: Units) -> None:
        with units() as unit, pytest.raises(ConflictError):
            unit.changes.replace(change(), change().counted(1))

    def test_of_two_answers_at_once_one_counts(self, units: Units) -> None:
        with units() as unit:
            unit.changes.add(change())
            unit.commit()
        lost: list[int] = []

        def answer(user_id: int) -> None:
            with units(read_only=True) as unit:
                seen = unit.changes.get(ChangeId("c1"))
            assert seen is not None
            try:
                with units() as unit:
                    unit.changes.replace(
                        seen, change().end(ApprovalState.APPROVED, T0 + MINUTE, by=user_id)
                    )
                    unit.commit()
            except ConflictError:
                lost.append(user_id)

        threads = [threading.Thread(target=answer, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with units(read_only=True) as unit:
            found = unit.changes.get(ChangeId("c1"))
        assert found is not None
        assert found.state is ApprovalState.APPROVED
        assert found.decided_by not in lost


class TestOverrides:
    def test_an_override_is_one_row_a_key(self, units: Units) -> None:
        with units() as unit:
            unit.overrides.put(override("trading.mode", value="alert"))
            unit.overrides.put(override())
            unit.overrides.put(override(value="3", before="7", set_by=None))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.overrides.all() == [
                override(value="3", before="7", set_by=None),
                override("trading.mode", value="alert"),
            ]

    def test_a_dropped_override_is_gone_and_dropping_again_is_fine(self, units: Units) -> None:
        with units() as unit:
            unit.overrides.put(override())
            unit.overrides.drop("risk.max_open_positions")
            unit.overrides.drop("risk.max_open_positions")
            assert unit.overrides.all() == []


class TestPeople:
    def test_what_a_person_prefers_comes_back_and_a_person_can_be_dropped(
        self, units: Units
    ) -> None:
        vera = Person(
            user_id=4, role=Role.VIEWER, name="Vera", chat_id=4, theme="light", zone="Asia/Tokyo"
        )
        with units() as unit:
            unit.desk.put_person(vera)
            unit.commit()
        with units() as unit:
            assert unit.desk.people() == [vera]
            unit.desk.drop_person(4)
            unit.desk.drop_person(4)
            assert unit.desk.people() == []
