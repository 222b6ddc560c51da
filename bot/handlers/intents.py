"""Plain questions without a model: "how is my portfolio?", "warum hast du ETH nicht gekauft?".

Text is folded (lower case, no accents) and looked at for the stems of a few words per language; the
first group that matches wins, so the order below matters. Only questions are understood: nothing
that moves money or flips a switch can be said in passing. A why goes with the times in it, read or
not, so that a question about the past is never answered about now; what answers about now only is
not asked about the past at all.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from bot.handlers.asked_times import past_words, time_words
from bot.handlers.asking import find_symbol
from engine.domain.market import Symbol, Timeframe

_STEMS: tuple[tuple[str, str], ...] = (
    ("why", r"why|warum|wieso|weshalb|por ?que|explain|erklar\w*|explica\w*"),
    ("chart", r"charts?|graph|grafik|kurs(?:bild|verlauf)?|grafic[oa]s?|candles?|kerzen|velas"),
    (
        "approvals",
        (
            r"approvals?|approve|pending|open questions?|freigabe\w*|offene\w* fragen?"
            r"|aprobacion\w*|pendientes?|preguntas?"
        ),
    ),
    ("positions", r"positions?|position(?:en)?|posicion(?:es)?|holdings?|bestande?"),
    (
        "pnl",
        (
            r"p ?(?:&|n|and|und|y) ?l|pnl|profits?|loss(?:es)?|earn\w*|gewinn\w*|verlust\w*"
            r"|verdient\w*|gananc\w*|perdid\w*|ganad\w*|rendimiento"
        ),
    ),
    (
        "costs",
        r"costs?|fees?|kosten|gebuhr\w*|costes?|comision(?:es)?",
    ),
    (
        "portfolio",
        (
            r"portfolio|draw ?downs?|ruckgang|caidas?|depot|konto(?:stand)?|kapital|equity"
            r"|balance|money|geld|cash|cartera|capital|saldo|dinero|efectivo|wallet"
        ),
    ),
    (
        "opportunities",
        (
            r"opportunit\w*|signals?|setups?|candidates?|ideas?|chancen?|gelegenheit\w*|signale?"
            r"|oportunidad\w*|senal(?:es)?"
        ),
    ),
    ("trades", r"trades?|history|geschaft\w*|historie|operacion\w*|historial"),
    (
        "status",
        (
            r"status|state|alive|running|health|zustand|lauft|laufst|lebst|estado|funciona\w*"
            r"|how are you|wie geht|como estas"
        ),
    ),
    ("help", r"help|hilfe|ayuda|what can you|was kannst|que puedes|commands|befehle|comandos"),
)
_PATTERNS = tuple((name, re.compile(rf"\b(?:{stems})\b")) for name, stems in _STEMS)
_TOKEN = re.compile(r"[A-Za-z0-9$._]+(?:[/-][A-Za-z0-9$._]+)?")
_TICKER = re.compile(r"[A-Z0-9]{2,10}(?:[/-][A-Z0-9]{2,10})?")
_LONGEST = 4096
NOW_ONLY = "=now"
"""The first word of a ``/why`` for a question about the past that only has an answer about now."""
_NO_TICKERS = frozenset({"AM", "PM", "UTC", "GMT", "CET", "CEST", "MEZ", "MESZ", "EST", "EDT"})
_GENERAL = ("help",)
_WITH_MARKET = ("why", "chart", "costs")
_COSTS_OF = "1000"
"""What a round trip is counted for where no amount is said."""
_AMOUNT = re.compile(r"(?<![\w.,/-])\d[\d.,]*(?![\w/-])")
_SOLD = re.compile(r"\b(?:sell|sold|selling|verkauf\w*|vend\w+)\b")
_NOT = re.compile(r"n['’]?t\b|\bnot\b|\bnicht\b|\bkeine?n?\b|\bno\b")


@dataclass(frozen=True, slots=True)
class Intent:
    """A command that a text asks for, with its arguments."""

    command: str
    args: tuple[str, ...] = ()


def understand(text: str, symbols: Sequence[Symbol]) -> Intent | None:
    """What a text asks for, or ``None``. ``symbols`` are the markets of the desk."""
    text = text[:_LONGEST]
    folded = _fold(text)
    command = next((name for name, pattern in _PATTERNS if pattern.search(folded)), None)
    token, market = _market(text, symbols)
    if command is None:
        # "ETH?" is a question too.
        command = "why" if market and len(text.split()) == 1 else None
    if command is None:
        return None
    unnamed = _without_markets(text, token, symbols)
    if command == "why":
        return Intent(command, ((market,) if market else ()) + _about_the_past(unnamed))
    past = past_words(_fold(unnamed), has_amounts=command in _WITH_MARKET)
    if past and command not in _GENERAL:
        return Intent("why", (NOW_ONLY, *_as_written(unnamed, past)))
    if command not in _WITH_MARKET:
        return Intent(command)
    if command == "costs":
        found = _AMOUNT.search(folded)
        amount = found[0].rstrip(".,") if found else _COSTS_OF
        return Intent(command, (market, amount) if market else ())
    return Intent(command, (market, *_timeframe(folded)) if market else ())


def _about_the_past(text: str) -> tuple[str, ...]:
    """What of a why is not about the newest close: a sale that was made, and the times."""
    folded = _fold(text)
    sold = ("sold",) if _SOLD.search(folded) and not _NOT.search(folded) else ()
    return sold + _as_written(text, time_words(folded))


def _as_written(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """Words of the folded text with their accents again, for they are quoted to the person."""
    plain = unicodedata.normalize("NFC", text).lower()
    folds = [_fold(char) for char in plain]
    folded, ends = "".join(folds), list(accumulate(len(fold) for fold in folds))
    told = []
    for word in words:
        at = folded.find(word)
        start, end = bisect_right(ends, at), bisect_left(ends, at + len(word))
        told.append(plain[start : end + 1] if at >= 0 else word)
    return tuple(told)


def _market(text: str, symbols: Sequence[Symbol]) -> tuple[str, str | None]:
    """A market of the desk, else something that is written like one, so that it can be named.

    With the word that names it.
    """
    tokens = [token.strip("._$") for token in _TOKEN.findall(text)]
    for token in sorted(tokens, key=lambda t: not t.isupper()):
        symbol = find_symbol(symbols, token)
        if symbol is not None:
            return token, str(symbol)
    token = next((token for token in tokens if _is_ticker(token)), "")
    return token, token or None


def _without_markets(text: str, chosen: str, symbols: Sequence[Symbol]) -> str:
    """The text without the word of its market, and without others that hold a number."""

    def left(match: re.Match[str]) -> str:
        token = match[0].strip("._$")
        is_other = any(char.isdigit() for char in token) and find_symbol(symbols, token) is not None
        return " " if token and (token == chosen or is_other) else match[0]

    return " ".join(_TOKEN.sub(left, text).split())


def _is_ticker(token: str) -> bool:
    if token in _NO_TICKERS:
        return False
    return _TICKER.fullmatch(token) is not None and any(char.isalpha() for char in token)


def _timeframe(folded: str) -> tuple[str, ...]:
    found = [word for word in folded.split() if word in set(Timeframe)]
    return tuple(found[:1])


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
