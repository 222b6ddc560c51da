"""What people do with alerts and watched markets, and what they may not."""

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.desk.alerts.policy import AlertPolicy
from engine.domain.alerts import AlertState
from engine.domain.explorer import Wish
from engine.domain.market import Symbol, Timeframe
from engine.ports import Units
from tests.fakes.desk_builder import (
    APPROVER,
    BTC,
    ETH,
    H1,
    OWNER,
    START,
    STRANGER,
    VIEWER,
    rising,
)
from tests.unit.alerts.bench import Alerts, alerts_on


@pytest.fixture
def alerts(fake_units: Units) -> Alerts:
    return alerts_on(fake_units)


class TestCreating:
    def test_an_alert_its_message_and_its_audit_line_come_together(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 70k once")
        assert alerts.now(made) == made
        (message,) = alerts.bench.outbox("alert_set")
        assert message.payload == {"alert_id": made.id}
        assert message.chat_id == OWNER.chat_id
        line = alerts.bench.audit()[-1]
        assert (line.event.action, line.event.actor) == ("alert_made", "person:1")
        assert line.event.detail["text"] == "BTC/USDT > 70000 once"

    def test_the_same_request_is_one_alert(self, alerts: Alerts) -> None:
        front = alerts.bench.assembled.desk.alerts
        first, again = (
            front.create("btc > 5k", 1, chat_id=1, request_id="telegram:7") for _ in range(2)
        )
        assert first.alert == again.alert
        assert len(alerts.bench.outbox("alert_set")) == 1

    def test_the_same_line_is_not_watched_twice(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 70k")
        outcome = alerts.set("BTC/USDT > 70000 once")
        assert (outcome.done, outcome.reason) == (False, "exists")
        assert outcome.alert == made
        assert alerts.set("btc > 70k", chat_id=-5).done
        assert alerts.set("btc > 70k", VIEWER.user_id).done

    def test_there_is_a_most_for_each_person(self, fake_units: Units) -> None:
        alerts = alerts_on(fake_units, AlertPolicy(most_per_person=2))
        first = alerts.made("btc > 1000")
        alerts.made("btc > 2000")
        outcome = alerts.set("btc > 3000")
        assert (outcome.done, outcome.reason, outcome.word) == (False, "too_many", "2")
        assert alerts.set("btc > 3000", APPROVER.user_id).done
        alerts.change("delete", first)
        assert alerts.set("btc > 3000").done
        assert alerts.change("resume", first).reason == "too_many"

    def test_a_stranger_gets_nothing_and_leaves_a_line(self, alerts: Alerts) -> None:
        assert alerts.set("btc > 70k", STRANGER).reason == "not_allowed"
        assert alerts.bench.actions() == ["stranger_ignored"]
        assert alerts.bench.outbox() == ()

    def test_wrong_input_is_a_reason_and_a_word(self, alerts: Alerts) -> None:
        outcome = alerts.set("doge > 5")
        assert (outcome.done, outcome.reason, outcome.word) == (False, "unknown_symbol", "doge")


class TestChanging:
    def test_pause_and_resume_begin_anew(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105")
        assert alerts.change("pause", made).done
        assert alerts.price("106") == 0
        assert alerts.bar("100 107 99 106") == 0
        assert alerts.change("resume", made).done
        assert not alerts.view(made).readings[0].armed
        assert [alerts.price(price) for price in ("106", "104", "106")] == [0, 0, 1]

    @pytest.mark.parametrize(
        ("text", "up", "down"),
        [
            ("btc > 70000", "BTC/USDT > 70700", "BTC/USDT > 69300"),
            ("btc < 0.0000123456", "BTC/USDT < 0.0000124691", "BTC/USDT < 0.0000122221"),
            ("rsi(btc) < 30", "rsi(BTC/USDT,1h) < 31", "rsi(BTC/USDT,1h) < 29"),
            ("drawdown > 5%", "drawdown > 6%", "drawdown > 4%"),
            ("stop distance < 1%", "stop_distance < 1.1%", "stop_distance < 0.9%"),
            ("volume(btc) > 3x", "volume(BTC/USDT,1h) > 3.5x", "volume(BTC/USDT,1h) > 2.5x"),
            ("macd(btc) < -50", "macd(BTC/USDT,1h) < -49.5", "macd(BTC/USDT,1h) < -50.5"),
        ],
    )
    def test_a_button_moves_the_line_in_its_unit(
        self, alerts: Alerts, text: str, up: str, down: str
    ) -> None:
        made = alerts.made(text)
        alerts.change("up", made)
        assert alerts.now(made).condition.text == up
        moved = alerts.made(text)
        alerts.change("down", moved)
        assert alerts.now(moved).condition.text == down

    def test_a_press_that_comes_twice_moves_once(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 70000")
        front = alerts.bench.assembled.desk.alerts
        outcomes = [front.change("up", made.id, 1, edition=made.edition) for _ in range(2)]
        assert [(one.done, one.reason) for one in outcomes] == [(True, ""), (False, "changed")]
        assert alerts.now(made).condition.line == Decimal(70_700)

    def test_a_moved_line_is_told_only_when_it_is_crossed(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 100.5")
        alerts.change("down", made)
        assert not alerts.view(made).readings[0].armed
        assert alerts.price("100.1") == 0

    @pytest.mark.parametrize("text", ["opened", "ema(btc,20) > ema(50)", "macd(btc) > 0"])
    def test_what_has_no_line_to_move_is_left(self, alerts: Alerts, text: str) -> None:
        made = alerts.made(text)
        assert alerts.view(made).step is None
        assert alerts.change("up", made).reason == "line_out_of_range"

    def test_a_line_stays_within_its_scale(self, alerts: Alerts) -> None:
        made = alerts.made("rsi(btc) > 99")
        assert alerts.change("up", made).reason == "line_out_of_range"

    def test_what_has_fired_once_can_be_set_again(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105 once")
        alerts.price("106")
        assert alerts.change("pause", made).reason == "ended"
        assert alerts.change("resume", made).done
        assert alerts.now(made).fired == 1
        assert [alerts.price(price) for price in ("106", "104", "107")] == [0, 0, 1]
        assert alerts.messages() == [(made.id, 1), (made.id, 2)]

    def test_an_expired_alert_that_is_set_again_has_no_last_day(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105 until 2026-03-02")
        alerts.bench.advance(days=1)
        alerts.look()
        assert alerts.now(made).state is AlertState.EXPIRED
        alerts.change("resume", made)
        assert alerts.now(made).text == "BTC/USDT > 105"

    def test_deleting_twice_is_deleting(self, alerts: Alerts) -> None:
        made = alerts.made("btc > 105")
        assert alerts.change("delete", made).done
        assert alerts.change("delete", made).done
        assert alerts.price("106") == 0
        assert alerts.bench.actions().count("alert_delete") == 1

    def test_an_alert_is_its_persons_and_the_owners(self, alerts: Alerts) -> None:
        theirs = alerts.set("btc > 105", VIEWER.user_id).alert
        assert theirs is not None
        assert alerts.change("delete", theirs, APPROVER.user_id).reason == "not_yours"
        assert alerts.change("pause", theirs, VIEWER.user_id).done
        assert alerts.change("delete", theirs, OWNER.user_id).done
        assert alerts.change("resume", theirs, STRANGER).reason == "not_allowed"

    def test_what_nobody_knows_is_gone(self, alerts: Alerts) -> None:
        front = alerts.bench.assembled.desk.alerts
        assert front.change("up", "n" + "0" * 20, 1, edition=0).reason == "gone"
        made = alerts.made("btc > 105")
        assert front.change("explode", made.id, 1, edition=0).reason == "not_allowed"


class TestShowing:
    def test_a_list_shows_values_and_how_far_they_are(self, alerts: Alerts) -> None:
        for text in ("btc > 110", "eth < 96", "drawdown > 5%", "opened", "rsi(any) > 70"):
            alerts.made(text)
        page = alerts.bench.assembled.desk.alerts.listed(OWNER.user_id)
        price, below, drawdown, event, rsi = (row.nearest for row in page.rows)
        assert (page.count, page.pages, page.first_number) == (5, 1, 1)
        assert price is not None
        assert price.value == 100
        # A rise by ten from a hundred: ten of the line's hundred and ten.
        assert price.gap == pytest.approx(Decimal(10) / Decimal(110))
        assert below is not None
        assert below.gap == pytest.approx(Decimal(4) / Decimal(96))
        assert drawdown is not None
        assert (drawdown.value, drawdown.gap) == (Decimal(0), Decimal("0.05"))
        assert event is not None
        assert event.value is None
        assert rsi is not None
        assert rsi.key == "BTC/USDT"

    def test_of_many_markets_the_one_is_shown_that_comes_true_next(self, alerts: Alerts) -> None:
        alerts.store(START, "100 106 99 105", ETH)
        alerts.bar("100 105 99 103", BTC)
        nearest = alerts.view(alerts.made("close(any,1h) > 104")).nearest
        assert nearest is not None
        assert (nearest.key, nearest.armed) == ("BTC/USDT", True)

    def test_a_list_has_pages(self, alerts: Alerts) -> None:
        for line in range(1, 13):
            alerts.made(f"btc > {line * 1000}")
        front = alerts.bench.assembled.desk.alerts
        sizes = [len(front.listed(OWNER.user_id, page).rows) for page in range(3)]
        assert sizes == [5, 5, 2]
        assert front.listed(OWNER.user_id, 99).page == 2
        assert front.listed(OWNER.user_id, 2).first_number == 11

    def test_the_levels_of_a_chart_lie_around_the_price(self, alerts: Alerts) -> None:
        view = alerts.bench.assembled.desk.alerts.levels(BTC, H1)
        assert view is not None
        lines = {level.name: (level.condition.text, level.line) for level in view.levels}
        assert lines["up2"] == ("BTC/USDT > 102", Decimal(102))
        assert lines["down5"] == ("BTC/USDT < 95", Decimal(95))
        assert lines["high"] == ("BTC/USDT > 101", Decimal(101))
        assert lines["low"] == ("BTC/USDT < 99", Decimal(99))
        assert lines["bb_upper"][0] == "close(BTC/USDT,1h) > bb_upper"
        for level in view.levels:
            assert alerts.set(level.condition.text).done

    def test_a_finer_chart_offers_the_desks_own_bars(self, alerts: Alerts) -> None:
        view = alerts.bench.assembled.desk.alerts.levels(BTC, Timeframe.M15)
        assert view is not None
        assert view.timeframe is H1

    def test_a_market_without_bars_offers_nothing(self, alerts: Alerts) -> None:
        front = alerts.bench.assembled.desk.alerts
        assert front.levels(Symbol("DOGE", "USDT"), H1) is None


class TestWatching:
    def test_markets_are_watched_and_dropped_by_each_person(self, alerts: Alerts) -> None:
        front = alerts.bench.assembled.desk.alerts
        assert front.watch(ETH, 1).done
        assert front.watch(BTC, 1).done
        assert front.watch(ETH, 1).reason == "exists"
        assert front.watched(1) == (ETH, BTC)
        assert front.watched(2) == ()
        assert front.watch(ETH, 1, on=False).done
        assert front.watch(ETH, 1, on=False).reason == "absent"
        assert front.watch(ETH, STRANGER).reason == "not_allowed"
        assert alerts.bench.actions() == ["watched", "watched", "unwatched", "stranger_ignored"]

    def test_the_list_tells_the_last_close(self, alerts: Alerts) -> None:
        front = alerts.bench.assembled.desk.alerts
        front.watch(BTC, 1)
        alerts.bar("100 103 99 102")
        (row,) = front.watchlist(1).rows
        assert (row.price, row.at) == (Decimal("102.0"), START + timedelta(hours=1))
        assert row.day_change_fraction == pytest.approx(Decimal("0.02"))
        assert row.score is None

    def test_watched_markets_come_first_in_the_ranked_list(self, fake_units: Units) -> None:
        alerts = alerts_on(fake_units, bars=rising())
        alerts.bench.closes.run_due()
        desk = alerts.bench.assembled.desk
        assert [row.symbol for row in desk.explorer.opportunities(Wish()).rows] == [BTC, ETH]
        desk.alerts.watch(ETH, 1)
        first = desk.explorer.opportunities(Wish(), desk.alerts.watched(1))
        assert [row.symbol for row in first.rows] == [ETH, BTC]
