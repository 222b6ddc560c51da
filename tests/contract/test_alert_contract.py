"""What the stores of alerts promise, as ``engine.ports`` says; runs on every adapter of units."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.domain.alert_measures import Condition, Measure, Measured, Relation
from engine.domain.alerts import Alert, AlertState, Arm, Firing, Hit
from engine.domain.errors import ConflictError
from engine.domain.market import Symbol, Timeframe
from engine.ports import Units
from tests.fakes.samples import BTC, ETH, HOSTILE, HUGE, MINUTE, T0, TINY

ANN, BEN = 1, 2
LATER = T0 + MINUTE


def alert(number: str = "n1", **changes: object) -> Alert:
    made = Alert(
        id=number,
        user_id=ANN,
        chat_id=-100,
        condition=Condition(
            measure=Measure(name=Measured.PRICE, symbol=BTC), relation=Relation.ABOVE, line=TINY
        ),
        created_at=T0,
        since=T0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # Alert's names


def bare() -> Condition:
    rsi = Measure(name=Measured.RSI, symbol=ETH, timeframe=Timeframe.H1, length_bars=7)
    return Condition(measure=rsi, relation=Relation.BELOW, line=Decimal("30.50"))


class TestAlerts:
    def test_an_alert_comes_back_whole(self, units: Units) -> None:
        full = alert(
            condition=bare(),
            once=True,
            cooldown_s=90,
            expires_on=date(2026, 12, 31),
            fired=3,
            edition=2,
            arms=(
                Arm(key="", armed=False, since=T0, seen=LATER, told_at=T0),
                Arm(key="ETH/USDT", armed=True, since=T0),
            ),
            known=("t1", HOSTILE),
        )
        with units() as unit:
            assert unit.alerts.put(full)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.alerts.get(full.id) == full
            assert unit.alerts.get("n2") is None

    def test_an_alert_that_is_asked_for_again_stays_as_it_is(self, units: Units) -> None:
        with units() as unit:
            assert unit.alerts.put(alert())
            assert not unit.alerts.put(alert(user_id=BEN))
            assert unit.alerts.get("n1") == alert()

    def test_the_active_ones_of_everybody_come_oldest_first(self, units: Units) -> None:
        with units() as unit:
            unit.alerts.put(alert("late", created_at=LATER))
            unit.alerts.put(alert("b", user_id=BEN))
            unit.alerts.put(alert("a"))
            for state in AlertState:
                unit.alerts.put(alert(f"is {state}", state=state, user_id=9))
            assert [one.id for one in unit.alerts.active()] == ["b", "a", "is active", "late"]

    def test_a_persons_list_holds_the_open_ones_of_that_person(self, units: Units) -> None:
        with units() as unit:
            for state in AlertState:
                unit.alerts.put(alert(f"is {state}", state=state))
            unit.alerts.put(alert("other", user_id=BEN))
            assert [one.id for one in unit.alerts.of(ANN)] == ["is active", "is paused"]
            assert unit.alerts.of(3) == []

    @pytest.mark.parametrize(
        "moved", [{"state": AlertState.PAUSED}, {"edition": 1}, {"fired": 1}], ids=str
    )
    def test_whoever_comes_second_is_told(self, units: Units, moved: dict[str, Any]) -> None:
        with units() as unit:
            unit.alerts.put(alert())
            unit.alerts.replace(alert(), alert(**moved))
            with pytest.raises(ConflictError):
                unit.alerts.replace(alert(), alert(state=AlertState.DELETED))
            assert unit.alerts.get("n1") == alert(**moved)

    def test_an_alert_that_is_not_there_cannot_be_replaced(self, units: Units) -> None:
        with units() as unit, pytest.raises(ConflictError):
            unit.alerts.replace(alert(), alert(edition=1))

    def test_a_firing_is_kept_once(self, units: Units) -> None:
        hit = Hit(key="BTC/USDT", at=LATER, began_at=T0, value=HUGE, line=TINY)
        event = Hit(key="ETH/USDT", at=T0, began_at=T0, value=TINY, detail=HOSTILE)
        first = Firing(alert_id="n1", number=1, text=HOSTILE, told_at=T0, hits=(hit, event))
        with units() as unit:
            assert unit.alerts.add_firing(first)
            assert not unit.alerts.add_firing(replace(first, text="again"))
            assert unit.alerts.add_firing(replace(first, number=2, hits=()))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.alerts.firing("n1", 1) == first
            assert unit.alerts.firing("n1", 3) is None


class TestWatches:
    def test_markets_come_in_the_order_in_which_they_were_added(self, units: Units) -> None:
        odd = Symbol("$1._-", "USDT")
        with units() as unit:
            assert unit.watches.add(ANN, odd, T0)
            assert unit.watches.add(ANN, BTC, T0)
            assert unit.watches.add(BEN, ETH, T0)
            assert not unit.watches.add(ANN, odd, LATER)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.watches.of(ANN) == [odd, BTC]
            assert unit.watches.of(3) == []

    def test_a_market_that_is_dropped_comes_last_when_it_is_added_again(self, units: Units) -> None:
        with units() as unit:
            unit.watches.add(ANN, ETH, T0)
            unit.watches.add(ANN, BTC, T0)
            assert unit.watches.drop(ANN, ETH)
            assert not unit.watches.drop(ANN, ETH)
            assert unit.watches.add(ANN, ETH, T0 + timedelta(hours=1))
            assert unit.watches.of(ANN) == [BTC, ETH]
