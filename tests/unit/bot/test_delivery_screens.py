"""/quiet, /mute, /digest, /jobs and their buttons, as somebody meets them."""

from datetime import timedelta

import pytest

from bot.channel import Button, Incoming
from bot.handlers.asking import Response
from bot.handlers.dispatch import Dispatcher
from bot.messages.callbacks import ShowCard, decode, encode
from bot.messages.callbacks_delivery import (
    ResendDead,
    RunJob,
    SetLoudness,
    SetMute,
    SetQuiet,
    ShowScreen,
)
from bot.messages.markup import plain
from bot.messages.registry import RENDERERS
from bot.messages.rendered import Rendered
from bot.policy import LANGUAGES, ChatOptions
from engine.desk.delivery.jobs import KnownJob, announce
from engine.domain.delivery import Loudness, MessageType, QuietHours
from engine.domain.desk import JobRun, Json, Person
from engine.domain.market import Symbol
from engine.ports import Units
from tests.fakes.desk_builder import APPROVER, BTC, ETH, OWNER, VIEWER, Bench, build
from tests.fakes.samples import HOSTILE
from tests.unit.bot.harness import scored
from tests.unit.bot.test_renderers import assert_sendable, telling
from tests.unit.desk.test_delivery import stopped_in_a_late_bar

GROUP = -9


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


class Phone:
    """Somebody's phone: what is said and pressed is answered, and the answer is rendered."""

    def __init__(self, bench: Bench, person: Person = OWNER, chat_id: int | None = None) -> None:
        self.bench = bench
        self.person = person
        self.chat_id = person.chat_id if chat_id is None else chat_id
        self.dispatcher = Dispatcher(
            bench.assembled.desk, options=ChatOptions(), clock=bench.wall, source="test"
        )
        self.screen: Rendered | None = None

    def says(self, text: str, data: str | None = None) -> Response:
        response = self.dispatcher.respond(
            Incoming(
                update_id=1,
                user_id=self.person.user_id,
                user_name=self.person.name,
                chat_id=self.chat_id,
                text=text,
                data=data,
                callback_id="1" if data else "",
                message_id=5 if data else None,
            )
        )
        for reply in response.replies[:1]:
            reader = self.person if self.chat_id == self.person.chat_id else None
            told = telling(self.bench, reader=reader, payload=reply.payload)
            self.screen = RENDERERS[reply.kind](told)
        return response

    def presses(self, label: str) -> Response:
        return self.says("", self.button(label).data)

    def button(self, label: str) -> Button:
        assert self.screen is not None
        found = [one for row in self.screen.keyboard for one in row if label in one.text]
        assert found, (label, self.labels)
        return found[0]

    @property
    def text(self) -> str:
        assert self.screen is not None
        return plain(self.screen.text)

    @property
    def labels(self) -> list[str]:
        assert self.screen is not None
        return [one.text for row in self.screen.keyboard for one in row]


def test_a_button_turns_a_type_through_what_may_be_chosen(bench: Bench) -> None:
    phone = Phone(bench)
    phone.says("/quiet")
    seen = []
    for _ in range(4):
        response = phone.presses("Purchases")
        assert response.replies[0].in_place
        seen.append(next(line for line in phone.text.split("\n") if "Purchases" in line))
    assert [line.rpartition(": ")[2] for line in seen] == ["silent", "in the digest", "off", "loud"]


def test_a_button_pressed_twice_turns_once(bench: Bench) -> None:
    phone = Phone(bench)
    phone.says("/quiet")
    data = phone.button("Purchases").data
    phone.says("", data)
    phone.says("", data)
    assert "Purchases: silent" in phone.text


def test_an_owner_cycles_questions_between_loud_and_silent_only(bench: Bench) -> None:
    phone = Phone(bench)
    phone.says("/quiet")
    for expected in ("silent", "loud"):
        phone.presses("Questions")
        assert f"Questions: {expected}" in phone.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/quiet 22:30 7", "Quiet from 22:30 to 07:00"),
        ("/quiet 22-7", "Quiet from 22:00 to 07:00"),
        ("/quiet 0:00 9", "Quiet from 00:00 to 09:00"),
        ("/quiet off", "No quiet hours"),
        ("/quiet 25 7", "are no quiet hours"),
        ("/quiet 22 22", "are no quiet hours"),
        ("/quiet a b c", "are no quiet hours"),
        (f"/quiet {HOSTILE[:12]}", "are no quiet hours"),
    ],
)
def test_quiet_hours_are_set_by_words(text: str, told: str, bench: Bench) -> None:
    phone = Phone(bench)
    phone.says(text)
    assert told in phone.text


def test_quiet_hours_are_set_by_buttons(bench: Bench) -> None:
    phone = Phone(bench)
    phone.says("/quiet")
    phone.presses("23–08")
    assert "Quiet from 23:00 to 08:00" in phone.text
    assert "· 23–08 ·" in phone.labels
    phone.presses("no hours")
    assert "No quiet hours" in phone.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/mute 2h", "Muted until 2026-03-02 15:00"),
        ("/mute 30m", "Muted until 2026-03-02 13:30"),
        ("/mute 1w", "Muted until 2026-03-09 13:00"),
        ("/mute BTC 1d", "BTC/USDT muted until 2026-03-03 13:00"),
        ("/mute", "Nothing is muted"),
        ("/mute off", "Nothing is muted"),
        ("/mute 99d", "is no mute"),
        ("/mute 0h", "is no mute"),
        ("/mute DOGE 1d", "do not know the market"),
        ("/mute BTC ETH 1d", "is no mute"),
        ("/mute BTC", "is no mute"),
    ],
)
def test_mutes_are_set_by_words(text: str, told: str, bench: Bench) -> None:
    phone = Phone(bench)
    phone.says(text)
    assert told in phone.text


def test_mutes_are_set_and_ended_by_buttons(bench: Bench) -> None:
    phone = Phone(bench)
    phone.says("/mute ETH 1d")
    phone.presses("8 h")
    assert "Muted until 2026-03-02 21:00" in phone.text
    phone.presses("ETH/USDT")
    assert "ETH/USDT muted" not in phone.text
    phone.presses("End all")
    assert "Nothing is muted" in phone.text


def test_in_a_group_an_owner_chooses_and_others_are_told_so(bench: Bench) -> None:
    viewer = Phone(bench, VIEWER, GROUP)
    viewer.says("/quiet")
    answer = viewer.presses("Purchases").answer
    assert answer == "Only an owner may choose that here."
    owner = Phone(bench, OWNER, GROUP)
    owner.says("/quiet")
    owner.presses("Purchases")
    assert "Purchases: silent" in owner.text
    own = {row.kind: row.loudness for row in bench.assembled.desk.delivery.quiet(1).rows}
    assert own[MessageType.FILL] is Loudness.LOUD


def test_the_digest_brings_what_was_held_along(bench: Bench) -> None:
    response = Phone(bench).says("/digest")
    assert [reply.kind for reply in response.replies] == ["digest", "held"]


def test_the_digest_says_what_happened(bench: Bench) -> None:
    bench.monitor.snapshot()
    bench.advance(minutes=1)
    bench.approve(bench.ask())
    bench.market.set_price(BTC, "110")
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    bench.ask()
    rendered = RENDERERS["digest"](telling(bench, held=3))
    assert rendered is not None
    assert_sendable(rendered)
    text = plain(rendered.text)
    assert "24 hours: 1 bought, 1 closed" in text
    assert "🟢 BTC/USDT +47.40 USDT · closed by a person" in text
    assert "Open: 0 positions, 1 question" in text
    assert "Held back: 3" in text
    assert "Nothing qualified" not in text
    assert rendered.picture is not None


@pytest.mark.parametrize(
    ("language", "late"),
    [
        ("en", "booked late, closed 2026-03-02 14:00"),
        ("de", "spät gebucht, geschlossen 2026-03-02 14:00"),
        ("es", "registrada tarde, cerrada 2026-03-02 14:00"),
    ],
)
def test_the_digest_names_what_was_booked_late_with_its_time(
    language: str, late: str, bench: Bench
) -> None:
    stopped_in_a_late_bar(bench)
    rendered = RENDERERS["digest"](telling(bench, language))
    assert rendered is not None
    (line,) = (one for one in plain(rendered.text).splitlines() if "BTC/USDT" in one)
    assert line.endswith(late)


def test_a_quiet_day_names_the_nearest_misses_in_the_digest(bench: Bench) -> None:
    bench.assembled.scanner.scan(bench.clock.now())
    rendered = RENDERERS["digest"](telling(bench))
    assert rendered is not None
    text = plain(rendered.text)
    assert "Nothing qualified. Nearest misses:" in text
    nearest = bench.assembled.desk.delivery.misses()
    assert all(f"• {miss.symbol}" in text for miss in nearest)


@pytest.mark.parametrize("language", LANGUAGES)
def test_jobs_tell_last_and_next_run_and_failures(language: str, bench: Bench) -> None:
    now = bench.wall.now()
    with bench.units() as unit:
        announce(
            unit,
            [
                KnownJob(name="snapshot", every_s=3600.0, may_run_now=True),
                KnownJob(name="closes", every_s=0.2, may_run_now=False),
                KnownJob(name="gaps", every_s=90.0, may_run_now=True),
            ],
        )
        unit.desk.put_job_run(JobRun(name="snapshot", finished_at=now, ok=True, detail="equity 1"))
        unit.desk.put_job_run(
            JobRun(name="gaps", finished_at=now, ok=False, detail=HOSTILE * 9, failures=4)
        )
        unit.commit()
    rendered = RENDERERS["jobs"](telling(bench, language))
    assert rendered is not None
    assert_sendable(rendered)
    text = plain(rendered.text)
    assert "13:00:00" in text
    assert "14:00:00" in text
    assert " 4 " in text or "4-mal" in text
    assert "0.2 s" in text or "0,2 s" in text
    labels = [one.text for row in rendered.keyboard for one in row]
    assert sum(label.startswith("▶") for label in labels) == 2
    for_viewer = RENDERERS["jobs"](telling(bench, language, reader=VIEWER))
    assert for_viewer is not None
    assert len([one for row in for_viewer.keyboard for one in row]) == 1


def test_a_job_is_asked_for_by_its_button(bench: Bench) -> None:
    with bench.units() as unit:
        announce(unit, [KnownJob(name="snapshot", every_s=3600.0, may_run_now=True)])
        unit.commit()
    phone = Phone(bench)
    phone.says("/jobs")
    assert phone.presses("▶ equity snapshot").answer == "Asked for: it runs within seconds."
    assert "asked for" in phone.text
    stranger_to_it = Phone(bench, APPROVER)
    refused = stranger_to_it.says("", encode(RunJob("snapshot")))
    assert refused.is_alert


def row(kind: str, type_name: str, payload: dict[str, Json], number: int) -> Json:
    about = f"{kind}:{number}"
    return {"id": about, "kind": kind, "subject": about, "type": type_name, "payload": payload}


@pytest.mark.parametrize("language", LANGUAGES)
def test_opportunities_in_a_list_are_best_first_with_a_button_each(
    language: str, fake_units: Units
) -> None:
    coins = [Symbol(base, "USDT") for base in ("AAA", "BBB", "CCC", "DDD")]
    bench = build(fake_units, symbols=tuple(coins))
    rows: list[Json] = []
    for number, symbol in enumerate(coins):
        decision = scored(bench.decide(symbol))
        bench.propose(decision)
        rows.append(row("card", "opportunity", {"decision_id": decision.id}, number))
    rendered = RENDERERS["flock"](telling(bench, language, rows=rows))
    assert rendered is not None
    assert_sendable(rendered)
    assert len([one for line in rendered.keyboard for one in line]) == 4
    assert rendered.covered is None


def test_one_market_has_one_line_in_a_list_and_its_newest_button(bench: Bench) -> None:
    decisions = [scored(bench.decide(symbol)) for symbol in (BTC, BTC, ETH, BTC)]
    rows: list[Json] = []
    for number, decision in enumerate(decisions):
        bench.propose(decision)
        rows.append(row("card", "opportunity", {"decision_id": decision.id}, number))
    rendered = RENDERERS["flock"](telling(bench, rows=rows))
    assert rendered is not None
    assert "2 opportunities" in plain(rendered.text)
    assert plain(rendered.text).count("BTC/USDT") == 1
    buttons = [one for line in rendered.keyboard for one in line]
    assert [one.text for one in buttons] == ["ETH", "BTC"]
    assert buttons[1].data == encode(ShowCard(decisions[3].id))
    assert rendered.covered is None  # all four rows are told by it


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_list_says_what_follows_and_covers_what_it_tells(
    language: str, bench: Bench
) -> None:
    rows = [
        row(
            "notice",
            "failure",
            {"text": "job_failed", "values": {"name": f"job{number}", "detail": HOSTILE * 9}},
            number,
        )
        for number in range(200)
    ]
    told = ""
    left = list(rows)
    for _ in range(60):
        rendered = RENDERERS["backlog"](telling(bench, language, rows=left))
        assert rendered is not None
        assert_sendable(rendered)
        told += plain(rendered.text)
        if rendered.covered is None:
            break
        assert rendered.covered
        left = [one for one in left if isinstance(one, dict) and one["id"] not in rendered.covered]
    assert rendered is not None
    assert rendered.covered is None
    assert all(f"job{number} " in told for number in range(200))


def test_the_newest_state_of_a_subject_stands_for_all(bench: Bench) -> None:
    progress: list[Json] = [
        {
            "id": f"m{done}",
            "kind": "backfill",
            "subject": "backfill",
            "type": "heartbeat",
            "payload": {"done": done, "total": 9, "eta_s": 60},
        }
        for done in range(1, 10)
    ]
    rendered = RENDERERS["backlog"](telling(bench, rows=progress))
    assert rendered is not None
    text = plain(rendered.text)
    assert "(9 of 9)" in text
    assert "1 message has waited" in text
    assert "×" not in text
    assert "(8 of 9)" not in text


def test_notices_that_say_the_same_share_a_line_and_are_counted(bench: Bench) -> None:
    payload: dict[str, Json] = {"text": "job_recovered", "values": {"name": "scan"}}
    rows = [row("notice", "failure", payload, number) for number in range(3)]
    rendered = RENDERERS["backlog"](telling(bench, rows=rows))
    assert rendered is not None
    text = plain(rendered.text)
    assert "3 messages have waited" in text
    assert "(×3)" in text


@pytest.mark.parametrize(
    "pressed",
    [
        SetLoudness(MessageType.OPPORTUNITY, Loudness.DIGEST),
        SetQuiet(None),
        SetQuiet(QuietHours.parse("22:30-07:05")),
        SetMute(0),
        SetMute(43_200, "ABCDEFGHIJKLMNOPQRST/ABCDEFGHIJKLMNOPQRST"),
        RunJob("snapshot"),
        ResendDead(),
        ShowScreen("quiet"),
    ],
)
def test_buttons_read_what_they_write(pressed: object) -> None:
    assert decode(encode(pressed)) == pressed  # type: ignore[arg-type]  # each is an AreaCallback


@pytest.mark.parametrize(
    "data",
    [
        "1:ql:fill:louder",
        "1:ql:money:loud",
        "1:ql:fill",
        "1:qh:2500-0700",
        "1:qh:2200-2200",
        "1:qh:",
        "1:mu:-1",
        "1:mu:99999",
        "1:mu:60:btc",
        "1:mu:060",
        "1:mu",
        "1:jr:rm -rf",
        "1:rs:all",
        "1:go:buy",
    ],
)
def test_buttons_that_were_never_made_mean_nothing(data: str) -> None:
    assert decode(data) is None


def test_a_mute_counts_from_the_press(bench: Bench) -> None:
    phone = Phone(bench)
    phone.says("/mute")
    bench.advance(hours=3)
    phone.presses("1 h")
    view = bench.assembled.desk.delivery.quiet(OWNER.chat_id)
    assert view.muted_until == bench.wall.now() + timedelta(hours=1)
