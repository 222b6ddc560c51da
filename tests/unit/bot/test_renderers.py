"""Every kind of message, from a real desk: true, valid, within its limits, in three languages."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.channel import CAPTION_LIMIT, TEXT_LIMIT
from bot.charts.views import CardPicture, ChartPicture, PortfolioPicture
from bot.messages.card import render_card
from bot.messages.inbox import render_inbox
from bot.messages.markup import plain, shown_length
from bot.messages.registry import RENDERERS
from bot.messages.rendered import Rendered, StoredFacts, Telling
from bot.messages.words import Words
from bot.policy import LANGUAGES, ChatOptions
from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.desk.narrate import keep_words
from engine.domain.alerts import Firing, Hit
from engine.domain.changes import ChangeKind, ChangeWish
from engine.domain.decisions import Decision
from engine.domain.desk import Json, Mode, Person, QuarantinedCandle
from engine.domain.factors import Challenge, ChallengeKind
from engine.domain.market import Symbol
from engine.domain.purchases import purchase_id
from engine.domain.reasons import ReasonCode, RouteCode
from engine.domain.research import BacktestWish
from engine.domain.signals import Contribution, Score
from engine.domain.values import to_ms
from engine.domain.views import Press
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import APPROVER, BTC, OWNER, VIEWER, Bench, build
from tests.fakes.samples import HOSTILE
from tests.servers.telegram.entities import format_text
from tests.unit.bot.harness import scored

_TIME = re.compile(r"\b\d{2}:\d{2}\b")
_EXAMPLE = re.compile(r"/\w+ [^·\n]*")


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


def telling(
    bench: Bench,
    language: str = "en",
    reader: Person | None = OWNER,
    payload: Mapping[str, Json] | None = None,
    **more: Json,
) -> Telling:
    desk = bench.assembled.desk
    return Telling(
        desk=desk,
        facts=StoredFacts(desk, bench.units),
        words=Words.of(language, "Europe/Berlin"),
        options=ChatOptions(),
        payload={**(payload or {}), **more},
        reader=reader,
    )


def ask(bench: Bench, decision: Decision | None = None) -> Decision:
    """Propose a scored decision that asks."""
    asked = decision or scored(bench.decide())
    bench.propose(asked)
    return asked


def card(bench: Bench, decision: Decision, reader: Person | None = OWNER) -> Rendered:
    rendered = render_card(telling(bench, reader=reader, decision_id=decision.id))
    assert rendered is not None
    return rendered


def labels(rendered: Rendered) -> list[str]:
    return [button.text for row in rendered.keyboard for button in row]


def assert_sendable(rendered: Rendered) -> None:
    limit = CAPTION_LIMIT if rendered.picture is not None else TEXT_LIMIT
    assert shown_length(rendered.text) <= limit
    format_text(rendered.text, "HTML", None)
    for row in rendered.keyboard:
        for button in row:
            assert 1 <= len(button.data.encode()) <= 64
            assert button.text


def assert_one_zone(text: str) -> None:
    """A message with a time names its zone once; times in examples are nobody's."""
    told = _EXAMPLE.sub("", plain(text))
    assert told.count(" CET") == bool(_TIME.search(told)), told
    assert not re.search(r":\d{2} UTC", told), told
    assert not any("\ue000" <= char <= "\ue07f" for char in text)


def _challenge(bench: Bench) -> str:
    """A wish of an oddly named market that waits for its code."""
    now = bench.wall.now()
    with bench.units() as unit:
        unit.factors.add(
            Challenge(
                id="q1",
                user_id=OWNER.user_id,
                kind=ChallengeKind.CODE,
                area="approval",
                subject="a1",
                action="approve",
                facts={"symbol": HOSTILE, "notional": "500.00", "quote": HOSTILE},
                opened_at=now,
                expires_at=now,
            )
        )
        unit.commit()
    return "q1"


def _set_up(bench: Bench) -> int:
    """Begin a set-up; returns its time in milliseconds."""
    factors = bench.assembled.desk.factors
    factors.begin(OWNER.user_id)
    view = factors.setup(OWNER.user_id)
    assert view is not None
    return to_ms(view.made_at)


def _listed(kind: str, type_name: str, payload: dict[str, Json]) -> Json:
    """A row in a list of messages."""
    about = f"{kind}:1"
    return {"id": about, "kind": kind, "subject": about, "type": type_name, "payload": payload}


def _fired(bench: Bench) -> str:
    """An alert that came true once; returns its id."""
    asked = bench.assembled.desk.alerts.create(
        "BTC/USDT > 90", OWNER.user_id, chat_id=1, request_id="a1"
    )
    assert asked.alert is not None
    now = bench.wall.now()
    with bench.units() as unit:
        hit = Hit(key="BTC/USDT", at=now, began_at=now, value=Decimal(95), line=Decimal(90))
        unit.alerts.add_firing(
            Firing(alert_id=asked.alert.id, number=1, text=HOSTILE, told_at=now, hits=(hit,))
        )
        unit.commit()
    return asked.alert.id


def _changing(bench: Bench) -> str:
    """A change of a limit with an odd reason that waits for an answer; returns its id."""
    wish = ChangeWish(
        kind=ChangeKind.LIMIT, subject="risk.max_open_positions", value="40", reason=HOSTILE
    )
    asked = bench.assembled.desk.changes.propose(wish, OWNER.user_id, request_id="c1")
    assert asked.change is not None
    return asked.change.id


def _purchased(bench: Bench) -> str:
    """A purchase by hand; returns its order's id."""
    desk = bench.assembled.desk
    desk.buy(BTC, "50", OWNER.user_id, request_id="p1")
    return purchase_id("p1")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(RENDERERS))
def test_every_kind_is_told_in_every_language(kind: str, language: str, bench: Bench) -> None:
    decision = ask(bench)
    bench.approve(bench.pending()[0])
    ask(bench, scored(bench.decide(Symbol("ETH", "USDT"))))
    order = bench.fills()[0].order_id
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    wished = bench.assembled.desk.request_backtest(
        BacktestWish(), OWNER.user_id, chat_id=1, request_id="1"
    )
    assert wished.job is not None
    waiting: list[Json] = [
        {"kind": "notice", "payload": {"text": "job_failed", "values": {"name": "x" * 400}}}
    ] * 30
    payloads: dict[str, dict[str, Json]] = {
        "card": {"decision_id": decision.id},
        "fill": {"order_id": order},
        "closed": {"trade_id": bench.trades()[0].id},
        "trade": {"trade_id": bench.trades()[0].id},
        "stops": {"order_id": order},
        "evidence": {"subject": bench.trades()[0].id},
        "evidence_file": {"subject": bench.trades()[0].id},
        "export": {"what": "trades"},
        "chart": {"symbol": "BTC/USDT", "timeframe": "1h"},
        "why": {"symbol": "BTC/USDT"},
        "found": {"symbol": "BTC/USDT"},
        "costs": {"symbol": "BTC/USDT", "amount": "1000"},
        "notice": {"text": "job_failed", "values": {"name": HOSTILE, "detail": HOSTILE * 20}},
        "backfill": {"done": 3, "total": 8, "symbol": HOSTILE, "eta_s": 120},
        "backlog": {
            "rows": [
                {"kind": "closed", "payload": {"trade_id": bench.trades()[0].id}},
                {"kind": "fill", "payload": {"order_id": order}},
                {"kind": "nonsense", "payload": None},
                *waiting,
            ]
        },
        "flock": {"rows": [_listed("card", "opportunity", {"decision_id": decision.id})]},
        "held": {
            "rows": [_listed("fill", "fill", {"order_id": order}), _listed("x", "other", {})],
            "total": 2,
        },
        "research": {"job_id": wished.job.id},
        "reminder": {"approval_id": bench.pending()[0].id},
        "said": {"text": "press.refused", "values": {"reason": HOSTILE}},
        "code_wanted": {"challenge": _challenge(bench)},
        "alert": {"alert_id": _fired(bench), "number": 1},
        "alert_set": {"alert_id": _fired(bench)},
        "change": {"change_id": _changing(bench)},
        "factor_setup": {"user_id": OWNER.user_id, "made_ms": _set_up(bench)},
        "help": {"commands": ["help", "status", HOSTILE]},
        "buy": {
            "symbol": "BTC/USDT",
            "amount_quote": "250",
            "update_id": 7,
            "expires_s": 1_800_000_000,
            "minutes": 5,
        },
        "purchase": {"order_id": _purchased(bench)},
    }
    rendered = RENDERERS[kind](telling(bench, language, payload=payloads.get(kind)))
    assert rendered is not None
    assert_sendable(rendered)
    assert "{" not in rendered.text.replace("{detail}", "")
    assert_one_zone(rendered.text)


@pytest.mark.parametrize("kind", ["card", "fill", "closed"])
def test_a_subject_that_is_gone_is_nothing_to_tell(kind: str, bench: Bench) -> None:
    ids: dict[str, Json] = {"decision_id": "d1", "order_id": "o1", "trade_id": "t1"}
    assert RENDERERS[kind](telling(bench, payload=ids)) is None


def test_a_card_has_its_picture_its_numbers_and_its_buttons(bench: Bench) -> None:
    rendered = card(bench, ask(bench))
    assert isinstance(rendered.picture, CardPicture)
    assert rendered.picture.badges == ("simulated market", "uncalibrated")
    text = plain(rendered.text).split("\n")
    assert text[:6] == [
        "BTC/USDT LONG · score 74 · 1h",
        "simulated market · uncalibrated: the edge is not measured yet · unproven",
        "Size 5 BTC ≈ 500.00 USDT (5.0 % of equity)",
        "At risk 25.00 USDT (0.25 %)",
        "Entry 100.00 · stop 95.00 (−5.0 %)",
        "Costs 55 bps · edge unknown",
    ]
    assert labels(rendered) == [
        *("✅ Approve", "½ Half", "✖ Reject"),
        *("↕ Size", "⏰ Later"),
        *("Why", "Chart"),
    ]


def test_an_owner_elsewhere_reads_their_own_hours(bench: Bench) -> None:
    # The question expires at 12:15 UTC on 2 March, which is 13:15 in Berlin.
    assert "Answer until 13:15:00" in card(bench, ask(bench)).text


def test_a_viewer_cannot_decide_but_may_look(bench: Bench) -> None:
    assert labels(card(bench, ask(bench), VIEWER)) == ["Why", "Chart"]


def test_a_group_sees_the_buttons(bench: Bench) -> None:
    assert "✅ Approve" in labels(card(bench, ask(bench), None))


@pytest.mark.parametrize(
    ("press", "says", "left"),
    [
        (Press.APPROVE, "✅ Approved by Olga at 13:00:00", []),
        (
            Press.HALF,
            "✅ Approved smaller: 2.5 BTC ≈ 250.00 USDT (50 %), by Olga at 13:00:00",
            [],
        ),
        (
            Press.REJECT,
            "✖ Rejected by Olga at 13:00:00",
            ["price", "size", "timing", "weak signal", "other"],
        ),
    ],
)
def test_an_end_names_who_and_when_and_keeps_the_content(
    press: Press, says: str, left: list[str], bench: Bench
) -> None:
    decision = ask(bench)
    bench.press(bench.pending()[0], press)
    rendered = card(bench, decision)
    assert says in rendered.text
    assert "Size 5 BTC ≈ 500.00 USDT" in rendered.text  # what was asked, whatever was approved
    assert "Entry 100.00" in rendered.text
    assert labels(rendered) == left


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"on_expiry": "smaller"},
            "⚙ Placed by your rule at expiry, smaller: 1 BTC ≈ 100.00 USDT",
        ),
        (
            {"on_expiry": "limit"},
            "⚙ Placed by your rule at expiry: 5 BTC ≈ 500.00 USDT, limit 100.00",
        ),
        (
            {"on_expiry": "limit", "totp_above_quote": Decimal(400)},
            "⚙ Your rule at expiry (limit at the asked price) bought nothing: it needs several",
        ),
        (
            {"on_expiry": "smaller", "ask_above_quote": Decimal(1)},
            "⚙ Your rule at expiry (smaller) bought nothing: the size is below the venue's minimum",
        ),
    ],
    ids=str,
)
def test_what_a_rule_did_at_expiry_is_told_as_the_rules(
    changes: dict[str, Any], says: str, fake_units: Units
) -> None:
    automation = AutomationPolicy(uncalibrated_paper="auto")
    policies = TradingPolicy(approval=ApprovalPolicy(**changes), automation=automation)
    bench = build(fake_units, policies=policies)
    decision = ask(bench)
    bench.advance(minutes=15)
    bench.assembled.questions.expire()
    told = card(bench, decision).text
    assert "Size 5 BTC ≈ 500.00 USDT" in told
    assert "⌛ Expired at 13:15:00" in told
    assert says in told
    (row,) = bench.assembled.desk.inbox.ended()
    listed = render_inbox(telling(bench, reader=OWNER)).text
    rule = "limit at the asked price" if changes["on_expiry"] == "limit" else "smaller"
    assert f"expired · by your rule: {rule}" in listed
    assert row.decided_by is None


def test_an_expired_card_says_so(bench: Bench) -> None:
    decision = ask(bench)
    bench.advance(days=1)
    bench.assembled.questions.expire()
    rendered = card(bench, decision)
    assert "⌛ Expired at" in rendered.text
    assert labels(rendered) == []


def test_a_card_refused_at_the_press_says_why(bench: Bench) -> None:
    decision = ask(bench)
    question = bench.pending()[0]
    bench.assembled.desk.kill(OWNER.user_id)
    bench.approve(question)
    rendered = card(bench, decision)
    assert "⛔" in rendered.text
    assert "the kill switch is on" in rendered.text
    assert labels(rendered) == []


def test_an_older_message_of_a_card_tells_its_own_question(bench: Bench) -> None:
    decision = ask(bench)
    shown_at = bench.wall.now()
    bench.advance(seconds=30)
    bench.market.set_price(BTC, "104")
    bench.approve(bench.pending()[0])
    past = render_card(
        replace(telling(bench, decision_id=decision.id), shown_at=shown_at, wants_picture=False)
    )
    assert past is not None
    assert "Entry 100.00" in past.text
    assert "↪ Superseded at" in past.text
    assert labels(past) == []
    fresh = card(bench, decision)
    assert "Entry 104.00" in fresh.text
    assert "❓ Asked again with new numbers" in fresh.text


def test_an_alert_only_desk_asks_nothing(fake_units: Units) -> None:
    bench = build(fake_units, mode=Mode.ALERT)
    decision = scored(bench.decide())
    with bench.units() as unit:
        unit.decisions.add(decision)
        unit.commit()
    rendered = card(bench, decision)
    assert "Alert only: nothing is traded" in rendered.text
    assert labels(rendered) == ["Why", "Chart"]


def test_a_refused_decision_is_shown_with_its_reason(bench: Bench) -> None:
    decision = replace(
        scored(bench.decide()), route=RouteCode.REFUSE, reason=ReasonCode.COST_TOO_HIGH
    )
    with bench.units() as unit:
        unit.decisions.add(decision)
        unit.commit()
    rendered = card(bench, decision)
    assert "Not traded: the cost is too high" in rendered.text
    assert labels(rendered) == []


def test_a_quorum_names_who_has_agreed(bench: Bench) -> None:
    decision = ask(bench)
    question = bench.pending()[0]
    with bench.units() as unit:
        unit.approvals.replace(question, replace(question, needed=2))
        unit.commit()
    bench.approve(bench.pending()[0], APPROVER)
    assert "1 of 2 agreed: Arun" in card(bench, decision).text


@pytest.mark.parametrize("length", [200, 900, 5_000, 100_000])
def test_a_long_narration_gives_way_to_the_facts(length: int, bench: Bench) -> None:
    decision = ask(bench)
    words = "<i>&🚀 " * (length // 6)
    keep_words(bench.assembled.context, decision.id, words, is_from_model=True)
    rendered = card(bench, decision)
    assert_sendable(rendered)
    assert "Answer until" in rendered.text
    assert "Entry 100.00" in rendered.text
    assert "&lt;i&gt;" in rendered.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_and_reasons_stay_text(language: str, fake_units: Units) -> None:
    odd = Symbol("$_A.-<B>".replace("<B>", ""), "U_S-D.T$")
    bench = build(fake_units, symbols=(odd,))
    decision = scored(bench.decide(odd))
    evil = "<b>&'\"\x00\u202e" * 30
    decision = replace(
        decision,
        signals=tuple(replace(one, reason=evil) for one in decision.signals),
        score=Score(
            signed=Decimal("74.12"),
            contributions=(Contribution(code=evil, weight=Decimal(1), points=Decimal("74.12")),),
            agreement_fraction=Decimal(1),
            rank_fraction=Decimal("0.99"),
            rank_n=10,
            regime="trend",
            threshold_rank_fraction=Decimal("0.9"),
        ),
    )
    ask(bench, decision)
    told = ("card", "why", "found", "opportunities", "chart", "approvals", "heartbeat", "status")
    for kind in told:
        rendered = RENDERERS[kind](
            telling(
                bench,
                language,
                decision_id=decision.id,
                symbol=str(odd),
                timeframe="1h",
            )
        )
        assert rendered is not None
        assert_sendable(rendered)
    unknown = RENDERERS["why"](telling(bench, language, symbol=HOSTILE * 100))
    assert unknown is not None
    assert_sendable(unknown)


def test_the_portfolio_has_a_picture_and_its_positions(bench: Bench) -> None:
    ask(bench)
    bench.approve(bench.pending()[0])
    rendered = RENDERERS["portfolio"](telling(bench))
    assert rendered is not None
    assert isinstance(rendered.picture, PortfolioPicture)
    assert rendered.picture.badges == ("simulated market", "paper money")
    assert "BTC/USDT" in rendered.text


def test_positions_carry_a_button_for_each_and_none_for_a_viewer(bench: Bench) -> None:
    ask(bench)
    bench.approve(bench.pending()[0])
    mine = RENDERERS["positions"](telling(bench))
    theirs = RENDERERS["positions"](telling(bench, reader=VIEWER))
    assert mine is not None
    assert theirs is not None
    assert labels(mine) == ["Close BTC", "Move stop BTC", "Chart BTC"]
    assert labels(theirs) == ["Chart BTC"]


def test_a_chart_offers_every_timeframe_that_there_are_bars_of(bench: Bench) -> None:
    rendered = RENDERERS["chart"](telling(bench, symbol="BTC/USDT"))
    assert rendered is not None
    assert isinstance(rendered.picture, ChartPicture)
    assert labels(rendered)[:3] == ["· 1h ·", "4h", "1d"]


def test_a_heartbeat_names_the_nearest_misses(bench: Bench) -> None:
    decision = replace(
        scored(bench.decide()), route=RouteCode.NONE, reason=ReasonCode.BELOW_THRESHOLD
    )
    with bench.units() as unit:
        unit.decisions.add(decision)
        unit.commit()
    rendered = RENDERERS["heartbeat"](telling(bench))
    assert rendered is not None
    assert "Nearest misses" in rendered.text
    assert "BTC/USDT" in rendered.text


def test_status_names_trouble(bench: Bench) -> None:
    bench.assembled.desk.kill(OWNER.user_id)
    with bench.units() as unit:
        unit.quarantine.add(
            [
                QuarantinedCandle(
                    venue="bench",
                    symbol="BTC/USDT",
                    timeframe="1h",
                    open_ms=None,
                    row=HOSTILE,
                    reason="<html>",
                    seen_at=bench.wall.now(),
                )
            ]
        )
        unit.commit()
    rendered = RENDERERS["status"](telling(bench))
    assert rendered is not None
    assert "🔴 <b>Kill switch on" in rendered.text
    assert "1 row in quarantine" in rendered.text
    assert "&lt;html&gt;" in rendered.text


def test_progress_is_drawn_as_a_bar(bench: Bench) -> None:
    rendered = RENDERERS["backfill"](telling(bench, done=4, total=8, eta_s=90))
    assert rendered is not None
    assert "▓▓▓▓▓░░░░░" in rendered.text
    assert "About 1.5 minutes" in rendered.text


def test_the_equity_of_a_fill_is_the_one_written_down_with_it(bench: Bench) -> None:
    ask(bench)
    bench.approve(bench.pending()[0])
    (row,) = bench.outbox("fill")
    bench.market.set_price(BTC, "300")
    told = RENDERERS["fill"](telling(bench, "en", payload=dict(row.payload)))
    old = RENDERERS["fill"](telling(bench, "en", payload={"order_id": row.payload["order_id"]}))
    assert told is not None
    assert old is not None
    # 5 BTC at 100.05 are worth what they cost; the fee of 1.0005 is gone.
    assert "Equity 9,999.00 USDT" in told.text
    assert "Equity" not in old.text
    assert "simulated market" in old.text
