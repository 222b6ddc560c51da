"""The model gateway's memory on both databases, held to the gateway's own protocol."""

import asyncio
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from db.llm_store import SqlLlmStore
from db.unit_of_work import SqlUnits
from llm.ports import BudgetGrant, BudgetRequest, LlmStore
from tests.fakes.samples import HOSTILE, T0, audit_event

_DAY = date(2026, 3, 1)


@pytest.fixture
def db_units(database_url: str) -> Iterator[SqlUnits]:
    units = SqlUnits(database_url)
    yield units
    units.close()


@pytest.fixture
def store(db_units: SqlUnits) -> LlmStore:
    return SqlLlmStore(db_units, grant=BudgetGrant)


def _request(amount: str, purpose: str = "card", day: date = _DAY) -> BudgetRequest:
    return BudgetRequest(
        day=day,
        purpose=purpose,
        amount_usd=Decimal(amount),
        day_limit_usd=Decimal("1.00"),
        purpose_limit_usd=Decimal("0.60"),
        warn_at_usd=Decimal("0.80"),
    )


async def test_an_answer_is_kept_and_replaced(store: LlmStore) -> None:
    assert await store.cached("k") is None
    await store.keep("k", "first", T0)
    await store.keep("k", HOSTILE, T0)
    assert await store.cached("k") == HOSTILE


async def test_a_sum_equal_to_a_limit_is_inside_it(store: LlmStore) -> None:
    assert await store.reserve(_request("0.6")) is not None
    assert await store.reserve(_request("0.000000000000000001")) is None
    assert await store.reserve(_request("0")) is not None
    assert await store.reserve(_request("0.4", "chat")) is not None
    assert await store.reserve(_request("0.01", "news")) is None
    assert await store.spent_usd(_DAY) == Decimal("1.0")
    assert await store.spent_usd(_DAY, "card") == Decimal("0.6")


async def test_the_warning_comes_once_a_day(store: LlmStore) -> None:
    grants = [
        await store.reserve(_request(amount, purpose))
        for amount, purpose in [("0.5", "card"), ("0.3", "chat"), ("0.1", "chat")]
    ]
    assert [grant.warning for grant in grants if grant is not None] == [False, True, False]


async def test_a_settlement_counts_once_for_its_day(store: LlmStore) -> None:
    grant = await store.reserve(_request("0.5"))
    assert grant is not None
    await store.settle(grant.reservation_id, Decimal("0.123456789"))
    await store.settle(grant.reservation_id, Decimal(9))
    await store.settle("999", Decimal(9))
    await store.settle("nonsense", Decimal(9))
    assert await store.spent_usd(_DAY) == Decimal("0.123456789")
    assert await store.spent_usd(date(2026, 3, 2)) == Decimal(0)


async def test_parallel_calls_cannot_overspend(store: LlmStore) -> None:
    grants = await asyncio.gather(*[store.reserve(_request("0.25", f"p{n}")) for n in range(12)])
    assert sum(grant is not None for grant in grants) == 4
    assert await store.spent_usd(_DAY) == Decimal("1.00")


async def test_audit_lines_join_the_desks_trail(store: LlmStore, db_units: SqlUnits) -> None:
    await store.append(audit_event("explained"))
    with db_units(read_only=True) as unit:
        assert unit.audit.verify() == 1
        assert unit.audit.tail(1)[0].event.action == "explained"
