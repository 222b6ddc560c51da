"""What a button says when it is pressed: one typed codec, at most 64 bytes, with a version.

``1:a:TOKEN`` approves, ``1:x:ORDER`` closes the position that this order opened, and so on. A
press of a question carries the question's random token and the verdict, so that a button can never
answer another question. Anything that does not read exactly as written is ``None``: forged,
garbled, or from a version that is no more.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from bot.channel import CALLBACK_LIMIT_BYTES
from bot.messages import (
    callbacks_alerts,
    callbacks_approvals,
    callbacks_changes,
    callbacks_delivery,
    callbacks_explorer,
    callbacks_records,
)
from bot.messages.callback_kinds import AreaCallback, Kind
from engine.domain.errors import InvalidValueError
from engine.domain.ids import DecisionId, IntentId, digest
from engine.domain.market import Symbol, Timeframe
from engine.domain.views import Press

VERSION = "1"
REJECT_REASONS = ("price", "size", "timing", "signal", "other")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{12,40}")
_DECISION = re.compile(r"d[0-9a-f]{20}")
_ORDER = re.compile(r"o[0-9a-f]{20}")
_JOB = re.compile(r"r[0-9a-f]{20}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?")
_MARKET = re.compile(r"[A-Z0-9$._-]{1,32}/[A-Z0-9$._-]{1,32}|#[0-9a-f]{12}")
_PRESSES = {"a": Press.APPROVE, "h": Press.HALF, "r": Press.REJECT, "l": Press.LATER}
_KINDS = {"g": "backtest", "v": "prove"}
_KIND_LETTERS = {kind: letter for letter, kind in _KINDS.items()}
_LETTERS = {press: letter for letter, press in _PRESSES.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the question of this token; ``reason`` only tells why it was rejected."""

    token: str
    press: Press
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AskWhy:
    """Explain a decision."""

    decision_id: DecisionId


@dataclass(frozen=True, slots=True)
class ShowCard:
    """Show the card of a decision again."""

    decision_id: DecisionId


@dataclass(frozen=True, slots=True)
class ShowDecisionChart:
    """Show the chart of a decision's market."""

    decision_id: DecisionId


@dataclass(frozen=True, slots=True)
class SwapChart:
    """Show another timeframe in the same message; ``market`` is a symbol or a ``market_ref``."""

    timeframe: Timeframe
    market: str


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Close the position that this order opened, and no other."""

    entry_order_id: IntentId


@dataclass(frozen=True, slots=True)
class ConfirmBuy:
    """Buy, as asked for by the command of this update, until a moment in unix seconds."""

    update_id: int
    expires_s: int
    amount_quote: Decimal
    market: str


@dataclass(frozen=True, slots=True)
class CancelResearch:
    """End a research job."""

    job_id: str


@dataclass(frozen=True, slots=True)
class RepeatResearch:
    """Ask for a research job like another one, of kind ``backtest`` or ``prove``."""

    job_id: str
    kind: str


AREAS: tuple[Kind[Any], ...] = (
    *callbacks_approvals.KINDS,
    *callbacks_alerts.KINDS,
    *callbacks_changes.KINDS,
    *callbacks_explorer.KINDS,
    *callbacks_delivery.KINDS,
    *callbacks_records.KINDS,
)
"""The kinds of button that areas add, one line per area."""

_BY_CODE = {kind.code: kind for kind in AREAS}
_BY_TYPE = {kind.made_of: kind for kind in AREAS}

type Callback = (
    AreaCallback
    | Answer
    | AskWhy
    | ShowCard
    | ShowDecisionChart
    | SwapChart
    | ClosePosition
    | ConfirmBuy
    | CancelResearch
    | RepeatResearch
)


CALLBACKS: tuple[type, ...] = (
    *(kind for kind in get_args(Callback.__value__) if kind is not AreaCallback),
    *_BY_TYPE,
)
"""Every kind of press there is."""


def market_ref(symbol: Symbol, room_bytes: int) -> str:
    """A symbol in at most ``room_bytes`` bytes: its name, or a fingerprint of a long one."""
    name = str(symbol)
    return name if len(name) <= room_bytes else f"#{digest(name)[:12]}"


def matches(ref: str, symbol: Symbol) -> bool:
    """Whether a reference speaks of this symbol."""
    return ref in (str(symbol), f"#{digest(symbol)[:12]}")


def encode(callback: Callback) -> str:
    """The button's data; ``InvalidValueError`` if it does not fit, which no caller causes."""
    data = ":".join((VERSION, *_parts(callback)))
    if len(data.encode()) > CALLBACK_LIMIT_BYTES:
        raise InvalidValueError("callback data", f"at most {CALLBACK_LIMIT_BYTES} bytes", data)
    return data


def swap_chart(symbol: Symbol, timeframe: Timeframe) -> SwapChart:
    """The swap of a symbol's chart, fitted into a button."""
    return SwapChart(timeframe, market_ref(symbol, CALLBACK_LIMIT_BYTES - len("1:t:15m:")))


def confirm_buy(
    symbol: Symbol, amount_quote: Decimal, *, update_id: int, expires_s: int
) -> ConfirmBuy:
    """The confirmation of a purchase, fitted into a button."""
    used = len(f"1:b:{update_id}:{expires_s}:{amount_quote:f}:")
    return ConfirmBuy(
        update_id, expires_s, amount_quote, market_ref(symbol, CALLBACK_LIMIT_BYTES - used)
    )


def _parts(callback: Callback) -> tuple[str, ...]:  # noqa: C901, PLR0911 - one line per button
    match callback:
        case AreaCallback():
            kind = _BY_TYPE[type(callback)]
            return (kind.code, *kind.write(callback))
        case Answer(token, press, ""):
            return (_LETTERS[press], token)
        case Answer(token, _, reason):
            return ("n", token, reason)
        case AskWhy(decision_id):
            return ("w", decision_id)
        case ShowCard(decision_id):
            return ("o", decision_id)
        case ShowDecisionChart(decision_id):
            return ("c", decision_id)
        case SwapChart(timeframe, market):
            return ("t", timeframe, market)
        case ClosePosition(order_id):
            return ("x", order_id)
        case ConfirmBuy(update_id, expires_s, amount_quote, market):
            return ("b", str(update_id), str(expires_s), f"{amount_quote:f}", market)
        case CancelResearch(job_id):
            return ("k", job_id)
        case RepeatResearch(job_id, kind):
            return (_KIND_LETTERS[kind], job_id)


def decode(data: str) -> Callback | None:
    """What a press means, or ``None`` for anything this codec would not have written."""
    version, _, rest = data.partition(":")
    if version != VERSION or len(data.encode("utf-8", "replace")) > CALLBACK_LIMIT_BYTES:
        return None
    code, *parts = rest.split(":")
    kind = _BY_CODE.get(code)
    if kind is not None:
        found: Callback | None = kind.read(parts)
        return found
    return _read(code, parts)


def _read(letter: str, parts: list[str]) -> Callback | None:  # noqa: C901, PLR0911 - one line per button
    match letter, parts:
        case "a" | "h" | "r" | "l", [token] if _TOKEN.fullmatch(token):
            return Answer(token, _PRESSES[letter])
        case "n", [token, reason] if _TOKEN.fullmatch(token) and reason in REJECT_REASONS:
            return Answer(token, Press.REJECT, reason)
        case "w", [number] if _DECISION.fullmatch(number):
            return AskWhy(DecisionId(number))
        case "o", [number] if _DECISION.fullmatch(number):
            return ShowCard(DecisionId(number))
        case "c", [number] if _DECISION.fullmatch(number):
            return ShowDecisionChart(DecisionId(number))
        case "t", [timeframe, market] if timeframe in set(Timeframe) and _MARKET.fullmatch(market):
            return SwapChart(Timeframe(timeframe), market)
        case "x", [number] if _ORDER.fullmatch(number):
            return ClosePosition(IntentId(number))
        case "k", [number] if _JOB.fullmatch(number):
            return CancelResearch(number)
        case (("g" | "v"), [number]) if _JOB.fullmatch(number):
            return RepeatResearch(number, _KINDS[letter])
        case "b", [update_id, expires_s, amount, market]:
            return _read_buy(update_id, expires_s, amount, market)
    return None


def _read_buy(update_id: str, expires_s: str, amount: str, market: str) -> ConfirmBuy | None:
    numbers = _NUMBER.fullmatch(update_id) and _NUMBER.fullmatch(expires_s)
    if not (numbers and _AMOUNT.fullmatch(amount) and _MARKET.fullmatch(market)):
        return None
    try:
        quote = Decimal(amount)
    except InvalidOperation:
        return None
    return ConfirmBuy(int(update_id), int(expires_s), quote, market) if quote > 0 else None
