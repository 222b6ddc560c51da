"""What the desk says about itself: status, open questions, notices, progress, help."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from decimal import Decimal

from bot.channel import Keyboard
from bot.messages.callbacks_delivery import ShowScreen
from bot.messages.delivery import dead_letter_keyboard, dead_letter_lines
from bot.messages.engine_words import failure, job_name, limit_key, limit_rule, moment_of
from bot.messages.markup import Html, one_line
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.verdicts import drift_line, proof_mark, small_percent
from bot.messages.words import Words
from engine.domain.desk import Json, MessageState
from engine.domain.views import StatusView

_SHOWN_JOBS = 5
_SHOWN_QUARANTINE = 3
_BAR = 10
_SHOWN_DETAIL = 200


def _mode(words: Words, mode: str) -> Html:
    return Html(f", {words(f'mode.{mode}')}") if mode else Html("")


def _brake(words: Words, brake: str) -> Html:
    return Html(f" ⛔ {words(f'status.{brake}')}") if brake else Html("")


_TOLD: Mapping[str, Mapping[str, Callable[[Words, str], Html]]] = {
    "job_failed": {"name": job_name, "detail": failure},
    "job_recovered": {"name": job_name},
    "venue_away": {"detail": failure},
    "daily_loss_reached": {"until": moment_of},
    "change_bad_value": {"key": limit_key, "detail": limit_rule},
    "desk_started": {"mode": _mode, "brake": _brake},
}
"""Values of notices that the engine wrote in its own words, by notice and name."""
_DAILY = ("daily_mean", "daily_low", "daily_high")


def render_status(telling: Telling) -> Rendered:
    """How the desk is; trouble is named, order is not boasted of."""
    view, words = telling.desk.status(), telling.words
    letters = telling.desk.delivery.dead_letters()
    return Rendered(
        keyboard=(*dead_letter_keyboard(telling, letters), *questions_keyboard(words, view)),
        text=lines(
            words("status.head", mark=_health(view), state=_state_line(words, view)),
            words(
                "status.market",
                mode=words(f"mode.{view.mode}"),
                venue=view.venue,
                simulated=Html(f" · {words('card.simulated')}") if view.simulated else "",
            ),
            words(
                "status.strategy",
                count=len(view.symbols),
                timeframe=view.timeframe,
                version=view.strategy_version,
                calibrated=words("status.calibrated" if view.calibrated else "card.uncalibrated"),
            ),
            words("status.proof", mark=proof_mark(words, view.proof)),
            drift_line(words, view.drift),
            words(
                "status.last_close",
                time=words.moment(view.last_close) if view.last_close else "–",
                now=words.moment(view.now),
            ),
            words(
                "status.book",
                questions=view.open_questions,
                positions=view.open_positions,
                orders=view.unfinished_orders,
            ),
            words("status.equity", equity=words.money(view.equity_quote, view.quote)),
            *_risk(words, view),
            *_jobs(words, view),
            words(
                "status.outbox",
                waiting=_waiting(view),
                dead=view.outbox.get(MessageState.DEAD, 0),
            ),
            *dead_letter_lines(words, letters),
            *_quarantine(words, view),
            words("status.version", version=view.version, since=words.moment(view.started_at)),
        ),
    )


def _waiting(view: StatusView) -> int:
    """Messages that wait to be sent, without the one that says so."""
    unsent = (MessageState.PENDING, MessageState.AMBIGUOUS)
    return max(0, sum(view.outbox.get(state, 0) for state in unsent) - 1)


def questions_keyboard(words: Words, view: StatusView) -> Keyboard:
    """The way to what waits for people, while something does."""
    if not view.open_questions:
        return ()
    return ((button(words.raw("screens.approvals"), ShowScreen("approvals")),),)


def _state(view: StatusView) -> str:
    if view.controls.killed:
        return "killed"
    if view.controls.paused:
        return "paused"
    if view.risk is not None and view.risk.drawdown_latched:
        return "drawdown_latched"
    if view.risk is not None and view.risk.daily_paused:
        return "daily_paused"
    return "running"


def _state_line(words: Words, view: StatusView) -> Html:
    """What state the desk is in; a daily pause ends with the day of UTC."""
    day = view.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return words(f"status.{_state(view)}", until=words.moment(day + timedelta(days=1)))


def _health(view: StatusView) -> str:
    if _state(view) in ("killed", "drawdown_latched"):
        return "🔴"
    failing = any(not job.ok for job in view.jobs)
    dead = view.outbox.get(MessageState.DEAD, 0) > 0
    return "🟡" if failing or dead or _state(view) != "running" else "🟢"


def _risk(words: Words, view: StatusView) -> list[Html]:
    if view.risk is None:
        return []
    start = view.risk.day_start_equity_quote
    change = view.equity_quote - start
    return [
        words(
            "status.risk",
            entries=view.risk.entries_today,
            today=words.money(change, view.quote, signed=True),
            share=words.percent(change / start, digits=2, signed=True) if start > 0 else "–",
        )
    ]


def _jobs(words: Words, view: StatusView) -> list[Html]:
    failing = [job for job in view.jobs if not job.ok][:_SHOWN_JOBS]
    return [
        words(
            "status.job_failed",
            name=job_name(words, job.name),
            count=job.failures,
            time=words.moment(job.finished_at),
            detail=failure(words, job.detail, _SHOWN_DETAIL),
        )
        for job in failing
    ]


def _quarantine(words: Words, view: StatusView) -> list[Html]:
    if not view.quarantined:
        return []
    newest = view.quarantined[:_SHOWN_QUARANTINE]
    return [
        words("status.quarantine", count=len(view.quarantined)),
        *(
            words(
                "status.quarantined",
                symbol=one.symbol,
                timeframe=one.timeframe,
                reason=one_line(one.reason[:120]),
                time=words.moment(one.seen_at),
            )
            for one in newest
        ),
    ]


def render_notice(telling: Telling) -> Rendered:
    """One sentence by its text id, ``payload = {"text": id, "values": {…}}``."""
    return Rendered(text=notice(telling.words, telling.text("text"), telling.payload.get("values")))


def notice(words: Words, text_id: str, values: Json) -> Html:
    """The sentence of a notice, reason codes in it turned into words."""
    return words(f"notices.{text_id}", **notice_values(words, text_id, values))


def notice_values(words: Words, text_id: str, values: Json) -> dict[str, object]:
    """The values of a sentence, codes turned into words."""
    given = dict(values) if isinstance(values, dict) else {}
    if text_id == "desk_started":
        # A notice that waited since before it told these.
        given = {"mode": "", "brake": "", **given}
    return {key: _value(words, text_id, key, value) for key, value in given.items()}


def _value(words: Words, text_id: str, key: str, value: Json) -> object:
    if key == "reason" and isinstance(value, str):
        return words.named("reasons", value)
    told = _TOLD.get(text_id, {}).get(key)
    if told is not None:
        return told(words, str(value))
    if key in _DAILY and isinstance(value, float):
        return small_percent(words, value)
    return one_line("" if value is None else str(value)[:500])


def render_backfill(telling: Telling) -> Rendered:
    """How far the first backfill is, ``payload = {"done", "total", "symbol", "eta_s"}``."""
    words = telling.words
    done, total = telling.number("done"), max(1, telling.number("total"))
    share = Decimal(min(done, total)) / total
    filled = int(share * _BAR)
    eta_s = telling.number("eta_s")
    return Rendered(
        text=lines(
            words(
                "backfill.head" if done < total else "backfill.done",
                share=words.percent(share, digits=0),
                done=done,
                total=total,
            ),
            Html("▓" * filled + "░" * (_BAR - filled)),
            words("backfill.symbol", symbol=telling.text("symbol"))
            if telling.text("symbol") and done < total
            else "",
            words("backfill.eta", minutes=words.number(Decimal(eta_s) / 60, 1)) if eta_s else "",
        )
    )


def render_help(telling: Telling) -> Rendered:
    """The commands of the reader's role; ``payload["commands"]`` names them."""
    words = telling.words
    return Rendered(text=lines(words("help.head"), *_commands(telling), words("help.text")))


def render_welcome(telling: Telling) -> Rendered:
    """The first words after pairing, and the way to help."""
    words = telling.words
    reader = telling.reader
    name = reader.name if reader else ""
    role = words(f"roles.{reader.role}") if reader else ""
    status = telling.desk.status()
    return Rendered(
        text=lines(
            words("welcome.head", name=name, role=role),
            words("welcome.simulated" if status.simulated else "welcome.venue", venue=status.venue),
            words("help.text"),
        )
    )


def _commands(telling: Telling) -> Sequence[Html]:
    names = telling.payload.get("commands")
    listed = names if isinstance(names, list) else []
    return [
        telling.words("help.line", name=str(name), text=telling.words(f"commands.{name}"))
        for name in listed
    ]
