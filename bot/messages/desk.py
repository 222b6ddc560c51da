"""What the desk says about itself: status, open questions, notices, progress, help."""

from collections.abc import Sequence
from decimal import Decimal

from bot.messages.callbacks import ConfirmBuy, confirm_buy
from bot.messages.delivery import dead_letter_keyboard, dead_letter_lines
from bot.messages.markup import Html, one_line
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.verdicts import drift_line, proof_mark, small_percent
from bot.messages.words import Words
from engine.domain.desk import Json, MessageState
from engine.domain.market import Symbol
from engine.domain.views import StatusView

_SHOWN_JOBS = 5
_SHOWN_QUARANTINE = 3
_BAR = 10
_DAILY = ("daily_mean", "daily_low", "daily_high")


def render_status(telling: Telling) -> Rendered:
    """How the desk is; trouble is named, order is not boasted of."""
    view, words = telling.desk.status(), telling.words
    letters = telling.desk.delivery.dead_letters()
    return Rendered(
        keyboard=dead_letter_keyboard(telling, letters),
        text=lines(
            words("status.head", mark=_health(view), state=words(f"status.{_state(view)}")),
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
                waiting=view.outbox.get(MessageState.PENDING, 0)
                + view.outbox.get(MessageState.AMBIGUOUS, 0),
                dead=view.outbox.get(MessageState.DEAD, 0),
            ),
            *dead_letter_lines(words, letters),
            *_quarantine(words, view),
            words("status.version", version=view.version, since=words.moment(view.started_at)),
        ),
    )


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
            name=job.name,
            count=job.failures,
            time=words.moment(job.finished_at),
            detail=one_line(job.detail[:200]),
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
    return words(f"notices.{text_id}", **notice_values(words, values))


def notice_values(words: Words, values: Json) -> dict[str, object]:
    """The values of a sentence, codes turned into words."""
    given = values if isinstance(values, dict) else {}
    return {key: _value(words, key, value) for key, value in given.items()}


def _value(words: Words, key: str, value: Json) -> object:
    if key == "reason" and isinstance(value, str):
        return words.named("reasons", value)
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


def render_buy(telling: Telling) -> Rendered:
    """The confirmation of a purchase; its button is bound to symbol, amount and command."""
    words = telling.words
    symbol = Symbol.parse(telling.text("symbol"))
    amount = Decimal(telling.text("amount_quote"))
    confirm: ConfirmBuy = confirm_buy(
        symbol,
        amount,
        update_id=telling.number("update_id"),
        expires_s=telling.number("expires_s"),
    )
    shown = words.money(amount, symbol.quote)
    return Rendered(
        text=words("buy.ask", symbol=symbol, amount=shown, minutes=telling.number("minutes")),
        keyboard=((button(words.raw("buttons.buy"), confirm),),),
    )
