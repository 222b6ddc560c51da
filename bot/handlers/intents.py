"""Plain questions without a model: "how is my portfolio?", "warum hast du ETH nicht gekauft?".

Text is folded (lower case, no accents) and looked at for the stems of a few words per language; the
first group that matches wins, so the order below matters. Only questions are understood: nothing
that moves money or flips a switch can be said in passing.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

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
        "portfolio",
        (
            r"portfolio|depot|konto(?:stand)?|kapital|equity|balance|money|geld|cash|cartera"
            r"|capital|saldo|dinero|efectivo|wallet"
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
_LONGEST = 500
_WITH_MARKET = ("why", "chart")


@dataclass(frozen=True, slots=True)
class Intent:
    """A command that a text asks for, with its arguments."""

    command: str
    args: tuple[str, ...] = ()


def understand(text: str, symbols: Sequence[Symbol]) -> Intent | None:
    """What a text asks for, or ``None``. ``symbols`` are the markets of the desk."""
    folded = _fold(text[:_LONGEST])
    command = next((name for name, pattern in _PATTERNS if pattern.search(folded)), None)
    market = _market(text[:_LONGEST], symbols)
    if command is None:
        # "ETH?" is a question too.
        return Intent("why", (market,)) if market and len(text.split()) == 1 else None
    if command not in _WITH_MARKET:
        return Intent(command)
    if command == "chart" and market:
        return Intent(command, (market, *_timeframe(folded)))
    return Intent(command, (market,) if market else ())


def _market(text: str, symbols: Sequence[Symbol]) -> str | None:
    """A market of the desk, else something that is written like one, so that it can be named."""
    tokens = [token.strip("._$") for token in _TOKEN.findall(text)]
    for token in sorted(tokens, key=lambda t: not t.isupper()):
        symbol = find_symbol(symbols, token)
        if symbol is not None:
            return str(symbol)
    return next((token for token in tokens if _is_ticker(token)), None)


def _is_ticker(token: str) -> bool:
    return _TICKER.fullmatch(token) is not None and any(char.isalpha() for char in token)


def _timeframe(folded: str) -> tuple[str, ...]:
    found = [word for word in folded.split() if word in set(Timeframe)]
    return tuple(found[:1])


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
