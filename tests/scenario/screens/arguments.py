"""How each command may be given: rightly, wrongly, bare. One row per command.

A row holds what follows the command; ``{decision}``, ``{order}`` and ``{trade}`` are ids of the
stage, ``{symbol}`` and ``{base}`` a hostile symbol and its base currency, ``{asked}`` a symbol that
a question is open about. Every row is also given bare and with every
hostile text.
"""

from collections.abc import Mapping, Sequence

from bot.messages.callbacks_changes import ChooseRole, SetPreference, ShowPerson, ShowSettings

ARGUMENTS: Mapping[str, Sequence[str]] = {
    "start": ("a-code", "two words"),
    "help": ("me",),
    "status": ("now",),
    "opportunities": ("1h", "long 1h", "7h", "{symbol}", "{base} short", "proven", "no-such"),
    "portfolio": ("all",),
    "positions": ("{symbol}",),
    "trades": ("2", "99999999", "{symbol}"),
    "pnl": ("week",),
    "stop": ("BTC 97", "BTC 5", "BTC lots", "{symbol} 97", "ETH 97", "BTC"),
    "veto": ("all",),
    "export": ("fills", "trades 2026", "trades 2026-03 2026-04", "2026-13", "0000", "a b c d"),
    "audit": ("{trade}", "{order}", "{decision}", "t0", "two words"),
    "approvals": ("1",),
    "size": ("{asked} 100", "{asked} 30%", "{asked} 1e9", "{asked} lots", "nothing 10"),
    "why": (
        "BTC",
        "{decision}",
        "{symbol}",
        "{base}",
        "nothing/such",
        "d0",
        "BTC 2026-03-02 09:00",
        "BTC 9:00",
        "BTC 2999-01-01",
        "BTC yesterday",
    ),
    "chart": (
        "BTC 1h",
        "BTC 4h",
        "BTC sheet",
        "{symbol}",
        "{symbol} 15m",
        "{base} 1h",
        "BTC 7h",
        "nothing",
        "BTC 1h more",
    ),
    "costs": ("BTC 1000", "{symbol} 50", "{base} 50 USDT", "BTC 1e9", "BTC", "BTC 99999999999"),
    "alert": (
        "BTC/USDT > 70000",
        "rsi(ETH/USDT,1h) < 30",
        "{symbol} > 1",
        "drawdown > 5%",
        "volume(BTC/USDT,1h) > 3",
        "BTC/USDT",
        "BTC > lots",
        "rsi(BTC/USDT,7h) < 30",
        "rsi((((",
    ),
    "alerts": ("2",),
    "watch": ("BTC", "{symbol}", "{base} off", "nothing", "BTC later"),
    "backtest": ("1h 2024 2025", "2024-13", "lots of words", "breakout 1h"),
    "proof": ("score-1", "nothing"),
    "digest": ("now",),
    "quiet": ("22 7", "22:30 7", "off", "25 99", "1 2 3"),
    "mute": ("2h", "BTC 1d", "{base} 30m", "off", "BTC off", "99999w", "a b c"),
    "jobs": ("all",),
    "buy": (
        "BTC 100",
        "{symbol} 50",
        "{base} 50",
        "{base} 50 USDT",
        "BTC",
        "BTC lots",
        "BTC -5",
        "BTC 1e9",
        "BTC 999999999999",
    ),
    "close": ("{symbol}", "{base}", "nothing", "ETH"),
    "totp": ("new 123456", "off 123456", "123456", "abc", "new"),
    "mode": ("alert", "paper", "live", "perhaps"),
    "strategy": ("score-1", "breakout", "nothing"),
    "weights": ("score-1", "nothing"),
    "limits": ("max_open_positions 3", "risk_fraction 0.4%", "max_open_positions lots", "x y", "x"),
    "people": ("12345678 viewer", "12345678 remove", "2 approver", "x viewer", "1"),
    "invite": ("viewer", "owner", "king"),
    "settings": ("zone Europe/Vienna", "zone Nowhere/Else", "colour blue"),
    "rearm": ("now",),
    "pause": ("now",),
    "resume": ("now",),
    "kill": ("on", "off", "perhaps"),
}

NOT_SHOWN: frozenset[type] = frozenset()
"""Kinds of button that no screen shows."""

ONLY_IN_PRIVATE: frozenset[type] = frozenset({ChooseRole, SetPreference, ShowPerson, ShowSettings})
"""Kinds of button about a person alone, which a group is not shown."""
