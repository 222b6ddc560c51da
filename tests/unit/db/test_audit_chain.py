"""Whoever changes the trail behind the desk's back is found out, at the place."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from db.stores.audit import line_hash
from db.unit_of_work import SqlUnits
from engine.domain.errors import DataError
from tests.fakes.samples import MINUTE, T0, audit_event

_LINES = 5


@pytest.fixture
def trail(database_url: str) -> Iterator[SqlUnits]:
    units = SqlUnits(database_url)
    with units() as unit:
        for number in range(_LINES):
            unit.audit.append(audit_event(subject=f"o{number}"))
        unit.commit()
    yield units
    units.close()


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE number = 3", "line 3 was changed"),
        ("""UPDATE audit SET detail = '{"a":1}' WHERE number = 3""", "line 3 was changed"),
        ("UPDATE audit SET hash = 'x' WHERE number = 1", "line 1 was changed"),
        ("DELETE FROM audit WHERE number = 2", "line 2 is missing"),
        ("DELETE FROM audit WHERE number = 5", "ends at line 4, but line 5 was written"),
        ("DELETE FROM audit", "ends at line 0"),
        ("UPDATE audit_head SET number = 4", "ends at line 5"),
        (
            (
                "INSERT INTO audit SELECT 6, at, actor, action, subject, detail, hash FROM audit "
                "WHERE number = 5"
            ),
            "line 6 was changed",
        ),
    ],
)
def test_tampering_is_found(trail: SqlUnits, database_url: str, tampering: str, words: str) -> None:
    with trail(read_only=True) as unit:
        assert unit.audit.verify() == _LINES
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(tampering.replace(":", "\\:")))
    engine.dispose()
    with trail(read_only=True) as unit, pytest.raises(DataError, match=words):
        unit.audit.verify()


def test_a_long_trail_is_read_in_parts(trail: SqlUnits) -> None:
    with trail() as unit:
        for _ in range(1_000):
            unit.audit.append(audit_event())
        unit.commit()
    with trail(read_only=True) as unit:
        assert unit.audit.verify() == _LINES + 1_000


def test_the_hash_can_be_worked_out_by_hand() -> None:
    event = replace(audit_event("a", "s"), actor="p", detail={})
    # printf '%s' '{"action":"a","actor":"p","at":"2026-03-01T12:00:00.123456+00:00","detail":{},
    # "number":1,"previous":"00","subject":"s"}' | sha256sum   (on one line)
    by_hand = "7dd265f9a9ac126a5536be4593bf8d261e0a362d53ff1c8f763be846c0b6c2e7"
    assert line_hash("00", 1, event) == by_hand


def test_every_part_of_a_line_is_in_its_hash() -> None:
    event = audit_event("a", "s")
    others = [
        line_hash("01", 1, event),
        line_hash("00", 2, event),
        line_hash("00", 1, replace(event, at=T0 + MINUTE)),
        line_hash("00", 1, replace(event, actor="q")),
        line_hash("00", 1, replace(event, action="b")),
        line_hash("00", 1, replace(event, subject="t")),
        line_hash("00", 1, replace(event, detail={})),
    ]
    assert len({line_hash("00", 1, event), *others}) == 8
