"""``/trades``, ``/stop``, ``/veto``, ``/export``, ``/audit`` and the buttons of the records."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.handlers.amounts import asked_back
from bot.handlers.asking import Ask, Reply, Response, note, tell
from bot.messages.callbacks_records import (
    MoveStop,
    SendEvidence,
    SendExport,
    ShowCurve,
    ShowEvidence,
    ShowPositions,
    ShowStops,
    ShowTrade,
    ShowTrades,
    is_record_id,
)
from engine.domain.alert_measures import plain
from engine.domain.desk import Json
from engine.domain.records import ExportWhat, StopOutcome, StopResult
from engine.domain.typed import TwoReadings, read_number, take_number

_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")
_MOST_DAYS = 2
_DONE = (StopResult.MOVED, StopResult.ALREADY_THERE)


def trades(ask: Ask) -> Response:
    """Closed trades; a number asks for a page."""
    page = ask.args[0] if ask.args else "1"
    number = int(page) - 1 if page.isdecimal() and len(page) < 7 else 0  # noqa: PLR2004 - no such page
    return tell("trades", page=max(0, number))


def stop(ask: Ask) -> Response:
    """Move a stop to a typed price: only closer to the price, never further from it."""
    name, *typed = ask.args or ("",)
    text, rest = take_number(typed) if typed else ("", ())
    if not text or rest:
        return note("stop_usage")
    symbol = ask.symbol(name)
    if symbol is None:
        return note("unknown_symbol", symbol=name)
    price = None if text.startswith(("+", "-", "−")) else read_number(text)
    if isinstance(price, TwoReadings):
        return asked_back(price)
    if price is None:
        return note("stop_price", price=text)
    entry = ask.desk.records.entry_of(symbol)
    if entry is None:
        return note("stop_gone", symbol=str(symbol))
    done = ask.desk.records.move_stop(entry, plain(price), ask.person.user_id)
    return note(f"stop_{done.result}", **_told(ask, done))


def veto(ask: Ask) -> Response:
    """What saying no was worth."""
    del ask
    return tell("veto")


def export(ask: Ask) -> Response:
    """A table as a document: ``/export``, ``/export fills 2026``, ``/export trades 2026-03``."""
    words = [arg.lower() for arg in ask.args]
    what = ExportWhat(words.pop(0)) if words and words[0] in set(ExportWhat) else ExportWhat.TRADES
    if len(words) > _MOST_DAYS:
        return note("export_usage", given=" ".join(ask.args))
    spans = [_span(word) for word in words]
    if not all(spans):
        return note("export_usage", given=" ".join(ask.args))
    found = [span for span in spans if span]
    start = found[0][0] if found else None
    end = found[-1][1] if found else None
    if start and end and start >= end:
        return note("export_usage", given=" ".join(ask.args))
    return tell(
        "export",
        what=what.value,
        start=start.isoformat() if start else "",
        end=end.isoformat() if end else "",
    )


def audit(ask: Ask) -> Response:
    """Evidence for one trade, from candle to fill."""
    if not ask.args:
        return note("audit_which")
    if len(ask.args) != 1 or not is_record_id(ask.args[0].lower()):
        return note("audit_usage", given=" ".join(ask.args))
    return tell("evidence", subject=ask.args[0].lower())


def show_curve(ask: Ask, pressed: ShowCurve) -> Response:
    """Another period in the same message, if that has a picture to swap."""
    payload: dict[str, Json] = {"period": pressed.period.value}
    return Response(
        replies=(Reply(kind="portfolio", payload=payload, in_place=ask.incoming.has_photo),)
    )


def show_positions(ask: Ask, pressed: ShowPositions) -> Response:
    """The positions, in the same message unless that is a picture."""
    del pressed
    return Response(replies=(Reply(kind="positions", in_place=not ask.incoming.has_photo),))


def show_stops(ask: Ask, pressed: ShowStops) -> Response:
    """Where a stop may go."""
    if ask.desk.records.stops(pressed.entry_order_id) is None:
        gone = ask.said("notices.position_gone")
        return Response(replies=(Reply(kind="positions", in_place=True),), answer=gone)
    payload: dict[str, Json] = {"order_id": pressed.entry_order_id}
    return Response(replies=(Reply(kind="stops", payload=payload, in_place=True),))


def move_stop(ask: Ask, pressed: MoveStop) -> Response:
    """Move it to the price the button shows, looked at again at the press."""
    done = ask.desk.records.move_stop(pressed.entry_order_id, pressed.price, ask.person.user_id)
    return Response(
        replies=(Reply(kind="positions", in_place=True),),
        answer=ask.said(f"notices.stop_{done.result}", **_told(ask, done)),
        is_alert=done.result not in _DONE,
    )


def show_trades(ask: Ask, pressed: ShowTrades) -> Response:
    """Another page, in the same message unless that is a picture."""
    payload: dict[str, Json] = {"page": pressed.page}
    return Response(
        replies=(Reply(kind="trades", payload=payload, in_place=not ask.incoming.has_photo),)
    )


def show_trade(ask: Ask, pressed: ShowTrade) -> Response:
    """One trade with its picture, as a message of its own."""
    del ask
    payload: dict[str, Json] = {"trade_id": pressed.trade_id}
    return Response(replies=(Reply(kind="trade", payload=payload),))


def send_export(ask: Ask, pressed: SendExport) -> Response:
    """A whole table as a document."""
    del ask
    return tell("export", what=pressed.what.value, start="", end="")


def show_evidence(ask: Ask, pressed: ShowEvidence) -> Response:
    """Evidence for one trade."""
    del ask
    return tell("evidence", subject=pressed.subject)


def send_evidence(ask: Ask, pressed: SendEvidence) -> Response:
    """The same as a document."""
    del ask
    return tell("evidence_file", subject=pressed.subject)


def _told(ask: Ask, done: StopOutcome) -> dict[str, Json]:
    words = ask.words
    return {
        "symbol": str(done.symbol) if done.symbol else "",
        "stop": words.price(done.stop_price) if done.stop_price else "–",
        "price": words.price(done.price) if isinstance(done.price, Decimal) else "–",
    }


def _span(text: str) -> tuple[datetime, datetime] | None:
    """A year, month or day as ``[start, end)`` in UTC; ``None`` for anything else."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None  # the pattern has one
    try:
        start = datetime(year, month or 1, day or 1, tzinfo=UTC)
        if day is not None:
            return start, start + timedelta(days=1)
        is_year = month is None
        end = (
            datetime(year + 1, 1, 1, tzinfo=UTC)
            if is_year or month == 12  # noqa: PLR2004 - December
            else datetime(year, (month or 0) + 1, 1, tzinfo=UTC)
        )
    except (ValueError, OverflowError):
        return None
    return start, end
