"""How people are told, as they see it: the digest, the quiet day, /quiet, /mute, /jobs."""

from datetime import time
from decimal import Decimal

from bot.channel import CAPTION_LIMIT, Button, Keyboard
from bot.messages.callbacks import AskWhy
from bot.messages.callbacks_delivery import (
    ResendDead,
    RunJob,
    SetLoudness,
    SetMute,
    SetQuiet,
    ShowScreen,
    is_market,
)
from bot.messages.engine_words import failure, job_result
from bot.messages.markup import Html, one_line, plain, shorten
from bot.messages.pictures_records import portfolio_picture
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.desk.delivery.views import (
    DeadLetters,
    DigestView,
    JobRow,
    Miss,
    QuietView,
    TypeRow,
)
from engine.domain.delivery import Loudness, QuietHours
from engine.domain.desk import JobRun, Role
from engine.domain.portfolio import Trade

_MARKS = {
    Loudness.LOUD: "🔔",
    Loudness.SILENT: "🔕",
    Loudness.DIGEST: "🗞",
    Loudness.OFF: "✖",
}
_HOURS = (
    QuietHours(start=time(22), end=time(7)),
    QuietHours(start=time(23), end=time(8)),
    QuietHours(start=time(0), end=time(9)),
)
_MUTES = (60, 120, 480, 1440)
_MINUTES_A_DAY, _MINUTES_AN_HOUR = 1440, 60
_MINUTE_S = 60.0
_SHOWN_TRADES = 5
_SHOWN_POSITIONS = 6
_SHOWN_QUESTIONS = 4
_SHOWN_WHY_CHARS = 120


def render_quiet(telling: Telling) -> Rendered:
    """One screen: every type with its loudness, the quiet hours, the mutes."""
    words = telling.words
    view = telling.desk.delivery.quiet(telling.number("chat_id"))
    return Rendered(
        text=lines(
            words("quiet.head"),
            *(
                words(
                    "quiet.line",
                    mark=_MARKS[row.loudness],
                    type=words.named("message_types", row.kind),
                    loudness=words.named("loudness", row.loudness),
                )
                for row in view.rows
            ),
            _hours_line(words, view),
            *_mute_lines(words, view),
            words("quiet.urgent"),
            _digest_line(words, view),
        ),
        keyboard=_quiet_keyboard(words, view),
    )


def _quiet_keyboard(words: Words, view: QuietView) -> Keyboard:
    cells = [_next_loudness(words, row) for row in view.rows]
    pairs = tuple(tuple(cells[k : k + 2]) for k in range(0, len(cells), 2))
    hours = tuple(
        button(_marked(f"{one.start:%H}–{one.end:%H}", is_on=view.quiet == one), SetQuiet(one))
        for one in _HOURS
    )
    off = button(_marked(words.raw("quiet.no_hours"), is_on=view.quiet is None), SetQuiet(None))
    mutes = (button(words.raw("buttons_delivery.mute"), ShowScreen("mute")),)
    return (*pairs, (off, *hours), mutes)


def _next_loudness(words: Words, row: TypeRow) -> Button:
    after = row.choices[(row.choices.index(row.loudness) + 1) % len(row.choices)]
    label = f"{_MARKS[row.loudness]} {words.raw(f'message_types.{row.kind}')}"
    return button(label, SetLoudness(row.kind, after))


def _marked(label: str, *, is_on: bool) -> str:
    return f"· {label} ·" if is_on else label


def _hours_line(words: Words, view: QuietView) -> Html:
    if view.quiet is None:
        return words("quiet.hours_none")
    name = "quiet.hours_now" if view.is_quiet_now else "quiet.hours"
    return words(name, start=f"{view.quiet.start:%H:%M}", end=f"{view.quiet.end:%H:%M}")


def _digest_line(words: Words, view: QuietView) -> Html:
    if view.next_digest is None:
        return words("quiet.no_digest")
    return words("quiet.digest", time=words.moment(view.next_digest), held=view.held)


def _mute_lines(words: Words, view: QuietView) -> list[Html]:
    found = [
        words("quiet.muted_market", symbol=market, time=words.moment(until))
        for market, until in sorted(view.muted.items())
    ]
    if view.muted_until is not None:
        found.insert(0, words("quiet.muted", time=words.moment(view.muted_until)))
    return found


def render_mute(telling: Telling) -> Rendered:
    """What is muted, and for how long one may mute."""
    words = telling.words
    view = telling.desk.delivery.quiet(telling.number("chat_id"))
    muted = _mute_lines(words, view)
    ends = [
        (button(plain(words("mute.end_market", symbol=market)), SetMute(0, market)),)
        for market in sorted(view.muted)
        if is_market(market)
    ]
    if muted:
        ends.append((button(words.raw("mute.end"), SetMute(0)),))
    lasts = tuple(button(span(words, minutes), SetMute(minutes)) for minutes in _MUTES)
    return Rendered(
        text=lines(
            words("mute.head"),
            *(muted or [words("mute.nothing")]),
            words("mute.meaning"),
        ),
        keyboard=(lasts, *ends, (button(words.raw("quiet.title"), ShowScreen("quiet")),)),
    )


def span(words: Words, minutes: int) -> str:
    """A length of time in its largest unit that fits: ``1 d``, ``2 h``, ``30 min``."""
    for unit, name in ((_MINUTES_A_DAY, "days"), (_MINUTES_AN_HOUR, "hours"), (1, "minutes")):
        if minutes % unit == 0:
            return words.raw(f"spans.{name}").format(count=minutes // unit)
    raise AssertionError  # one minute divides everything


def render_digest(telling: Telling) -> Rendered:
    """The day in one message, with the picture of the money."""
    view, words = telling.desk.delivery.digest(), telling.words
    held, quote = view.portfolio.portfolio, view.portfolio.portfolio.quote
    text = lines(
        words("digest.head", time=words.moment(view.status.now)),
        words("card.simulated") if view.status.simulated else "",
        words("digest.equity", equity=words.money(held.equity_quote, quote)),
        words(
            "digest.pnl",
            today=words.money(view.portfolio.pnl_quote["today"], quote, signed=True),
            day=words.money(view.day_pnl_quote, quote, signed=True),
        ),
        words("digest.trades", bought=view.bought, closed=len(view.closed) + len(view.late)),
        *(_closed(words, trade) for trade in view.closed[:_SHOWN_TRADES]),
        *(_late(words, trade) for trade in view.late[:_SHOWN_TRADES]),
        *_open(words, view),
        *_quiet_day(words, view),
        words("digest.held", count=telling.number("held")) if telling.number("held") else "",
        _dead(words, telling.desk.delivery.dead_letters()),
    )
    picture = portfolio_picture(telling, view.portfolio) if telling.wants_picture else None
    return Rendered(
        text=shorten(text, CAPTION_LIMIT),
        keyboard=_digest_keyboard(telling, view),
        picture=picture,
        picture_name="digest",
    )


def _closed(words: Words, trade: Trade) -> Html:
    return words(
        "digest.closed",
        mark="🟢" if trade.pnl_quote > 0 else "🔴",
        symbol=trade.symbol,
        pnl=words.money(trade.pnl_quote, trade.symbol.quote, signed=True),
        reason=words.named("reasons", trade.exit_reason),
    )


def _late(words: Words, trade: Trade) -> Html:
    """A trade that closed before the day and was booked in it."""
    time = words.moment(trade.closed_at)
    return Html(f"{_closed(words, trade)} · {words('digest.late', time=time)}")


def _open(words: Words, view: DigestView) -> list[Html]:
    holdings = view.portfolio.portfolio.holdings
    changes = view.status.open_questions - len(view.questions)
    return [
        words("digest.open", positions=len(holdings), questions=view.status.open_questions),
        *(
            words(
                "digest.position",
                symbol=one.position.symbol,
                pnl=words.money(one.pnl_quote, one.position.symbol.quote, signed=True),
            )
            for one in holdings[:_SHOWN_POSITIONS]
        ),
        *(
            words(
                "digest.question",
                symbol=row.order.intent.symbol,
                time=words.clock_beside(row.approval.expires_at, row.approval.created_at),
            )
            for row in view.questions[:_SHOWN_QUESTIONS]
        ),
        words("digest.changes", count=changes) if changes > 0 else Html(""),
    ]


def _quiet_day(words: Words, view: DigestView) -> list[Html]:
    if not view.is_quiet:
        return []
    misses = [_miss(words, miss) for miss in view.misses]
    return [words("digest.quiet"), *(misses or [words("heartbeat.none")])]


def _dead(words: Words, letters: DeadLetters) -> Html | str:
    return words("digest.dead", count=letters.count) if letters.count else ""


def _digest_keyboard(telling: Telling, view: DigestView) -> Keyboard:
    rows: list[tuple[Button, ...]] = []
    if view.is_quiet and view.misses:
        rows.append(_whys(view.misses))
    words = telling.words
    screens = ["positions", "trades"] + (["approvals"] if view.status.open_questions else [])
    rows.append(tuple(button(words.raw(f"screens.{name}"), ShowScreen(name)) for name in screens))
    return tuple(rows)


def _whys(misses: tuple[Miss, ...]) -> tuple[Button, ...]:
    return tuple(button(miss.symbol.base[:20], AskWhy(miss.decision_id)) for miss in misses[:8])


def render_heartbeat(telling: Telling) -> Rendered:
    """A quiet day: nothing qualified, and what came nearest."""
    words, status = telling.words, telling.desk.status()
    misses = telling.desk.delivery.misses()
    return Rendered(
        text=lines(
            words(
                "heartbeat.head",
                count=len(status.symbols),
                timeframe=status.timeframe,
                time=words.moment(status.last_close) if status.last_close else "–",
            ),
            words("card.simulated") if status.simulated else "",
            *(_miss(words, miss) for miss in misses),
            words("heartbeat.none") if not misses else "",
            words("portfolio.equity_short", equity=words.money(status.equity_quote, status.quote)),
        ),
        keyboard=(_whys(misses),) if misses else (),
    )


def _miss(words: Words, miss: Miss) -> Html:
    reason = words.named("reasons", miss.reason)
    if miss.missing_fraction > 0 or miss.gate is None:
        return words(
            "heartbeat.score",
            symbol=miss.symbol,
            share=words.percent(miss.rank_fraction),
            needed=words.percent(miss.threshold_rank_fraction),
            reason=reason,
        )
    gate = words.named("gates", miss.gate.name)
    return words("heartbeat.gate", symbol=miss.symbol, gate=gate, reason=reason)


def render_jobs(telling: Telling) -> Rendered:
    """What recurs: last run, next run, failures; a button for each that may be run."""
    words, rows = telling.words, telling.desk.delivery.jobs()
    if not rows:
        return Rendered(text=words("jobs.none"))
    is_owner = telling.reader is None or telling.reader.role is Role.OWNER
    runnable = [row for row in rows if row.may_run_now and is_owner]
    cells = [
        button(plain(words("jobs.run", name=words.named("job_names", row.name))), RunJob(row.name))
        for row in runnable
    ]
    return Rendered(
        text=lines(words("jobs.head", count=len(rows)), *(_job(words, row) for row in rows)),
        keyboard=(
            *(tuple(cells[k : k + 2]) for k in range(0, len(cells), 2)),
            (button(words.raw("jobs.refresh"), ShowScreen("jobs")),),
        ),
    )


def _job(words: Words, row: JobRow) -> Html:
    name = words.named("job_names", row.name)
    every = _seconds(words, row.every_s)
    last = row.last
    if last is None:
        told = words("jobs.never", name=name, every=every)
    elif last.ok and _is_quietly_well(row, last):
        told = words(
            "jobs.well_often",
            name=name,
            every=every,
            detail=job_result(words, last.detail[:_SHOWN_WHY_CHARS]),
        )
    elif last.ok:
        told = words(
            "jobs.well",
            name=name,
            every=every,
            time=words.clock(last.finished_at),
            next=words.clock(row.next_at) if row.next_at else "–",
            detail=job_result(words, last.detail[:_SHOWN_WHY_CHARS]),
        )
    else:
        told = words(
            "jobs.failing",
            name=name,
            every=every,
            count=last.failures,
            time=words.moment(last.finished_at),
            detail=failure(words, last.detail, _SHOWN_WHY_CHARS),
        )
    return Html(f"{told} {words('jobs.asked')}") if row.is_asked else told


def _is_quietly_well(row: JobRow, last: JobRun) -> bool:
    """Whether it runs so often that its successes are noted once a minute only, and one just was.

    The next run lies at most one turn ahead of now, which tells how old the noted one is.
    """
    if row.next_at is None or row.every_s >= _MINUTE_S:
        return False
    age_s = (row.next_at - last.finished_at).total_seconds() - row.every_s
    return age_s <= _MINUTE_S + row.every_s


def _seconds(words: Words, seconds: float) -> str:
    if seconds >= _MINUTES_AN_HOUR and seconds % _MINUTES_AN_HOUR == 0:
        return span(words, int(seconds) // 60)
    return words.raw("spans.seconds").format(
        count=words.number(Decimal(repr(seconds)), 0 if seconds >= 1 else 1)
    )


def dead_letter_lines(words: Words, letters: DeadLetters) -> list[Html]:
    """The newest dead letters and why they died, for the status."""
    return [
        words(
            "status_dead.line",
            kind=words.named("message_kinds", one.kind),
            time=words.moment(one.created_at),
            why=one_line(one.why[:_SHOWN_WHY_CHARS]),
        )
        for one in letters.newest
    ]


def dead_letter_keyboard(telling: Telling, letters: DeadLetters) -> Keyboard:
    """A button for an owner that sends them again."""
    is_owner = telling.reader is None or telling.reader.role is Role.OWNER
    if not letters.count or not is_owner:
        return ()
    label = telling.words.raw("status_dead.resend").format(count=letters.count)
    return ((button(label, ResendDead()),),)
