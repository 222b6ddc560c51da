"""Plain questions are understood without a model; nothing that moves money is."""

import pytest

from bot.handlers.intents import Intent, understand
from engine.domain.market import Symbol

MARKETS = (Symbol("BTC", "USDT"), Symbol("ETH", "USDT"), Symbol("SOL", "USDT"))


@pytest.mark.parametrize(
    ("text", "command", "args"),
    [
        ("how is my portfolio?", "portfolio", ()),
        ("How's the portfolio doing", "portfolio", ()),
        ("how much money do we have", "portfolio", ()),
        ("Wie steht mein Portfolio?", "portfolio", ()),
        ("Kontostand bitte", "portfolio", ()),
        ("¿Cómo va mi cartera?", "portfolio", ()),
        ("why didn't you buy ETH?", "why", ("ETH/USDT",)),
        ("why not eth", "why", ("ETH/USDT",)),
        ("Warum hast du ETH nicht gekauft?", "why", ("ETH/USDT",)),
        ("¿Por qué no compraste ETH?", "why", ("ETH/USDT",)),
        ("why SOL/USDT", "why", ("SOL/USDT",)),
        ("why did you do nothing", "why", ()),
        ("why didn't you buy DOGE?", "why", ("DOGE",)),
        ("ETH?", "why", ("ETH/USDT",)),
        ("what positions are open?", "positions", ()),
        ("Welche Positionen sind offen?", "positions", ()),
        ("¿Qué posiciones hay?", "positions", ()),
        ("how much profit did we make", "pnl", ()),
        ("P&L?", "pnl", ()),
        ("Wie viel Gewinn?", "pnl", ()),
        ("¿Cuántas ganancias?", "pnl", ()),
        ("Drawdown?", "portfolio", ()),
        ("Wie groß ist der Drawdown?", "portfolio", ()),
        ("¿Cuál es la caída?", "portfolio", ()),
        ("costs for SOL?", "costs", ("SOL/USDT", "1000")),
        ("Was kosten 250 in SOL an Gebühren?", "costs", ("SOL/USDT", "250")),
        ("¿Qué costes tiene SOL?", "costs", ("SOL/USDT", "1000")),
        ("costs?", "costs", ()),
        ("any opportunities?", "opportunities", ()),
        ("Gibt es Chancen?", "opportunities", ()),
        ("¿Hay señales?", "opportunities", ()),
        ("show me the BTC chart 4h", "chart", ("BTC/USDT", "4h")),
        ("Grafik SOL", "chart", ("SOL/USDT",)),
        ("anything pending?", "approvals", ()),
        ("Offene Fragen?", "approvals", ()),
        ("last trades", "trades", ()),
        ("are you alive?", "status", ()),
        ("Läuft alles?", "status", ()),
        ("¿Cuál es el estado?", "status", ()),
        ("help", "help", ()),
        ("Hilfe!", "help", ()),
        ("ayuda", "help", ()),
    ],
)
def test_questions(text: str, command: str, args: tuple[str, ...]) -> None:
    assert understand(text, MARKETS) == Intent(command, args)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("why didn't you buy ETH yesterday at 14:00?", ("ETH/USDT", "yesterday", "14:00")),
        ("why not ETH at 14:00 yesterday", ("ETH/USDT", "yesterday", "14:00")),
        ("why not ETH at 2:30 pm", ("ETH/USDT", "14:30")),
        ("why no ETH on 2026-03-01T9:00?", ("ETH/USDT", "2026-03-01", "9:00")),
        ("why no ETH the day before yesterday", ("ETH/USDT", "vorgestern")),
        ("warum hast du ETH gestern nicht gekauft?", ("ETH/USDT", "gestern")),
        (
            "Warum hast du am 1.3.2026 um 14.30 Uhr kein ETH gekauft?",
            ("ETH/USDT", "1.3.2026", "14:30"),
        ),
        ("¿Por qué no compraste ETH ayer a las 14?", ("ETH/USDT", "ayer", "14:00")),
        ("¿Por qué no compraste ETH a las 14:30 de ayer?", ("ETH/USDT", "ayer", "14:30")),
        ("why did you do nothing yesterday", ("yesterday",)),
        # What cannot be read is handed on, so that it can be said.
        ("why not BTC last Tuesday", ("BTC/USDT", "last tuesday")),
        ("why no ETH yesterday morning", ("ETH/USDT", "yesterday", "morning")),
        ("why not ETH 3 hours ago", ("ETH/USDT", "3 hours ago")),
        ("why no ETH on March 1?", ("ETH/USDT", "1.3.")),
        ("Warum letzte Woche kein ETH?", ("ETH/USDT", "letzte woche")),
        ("Warum vor drei Stunden kein ETH?", ("ETH/USDT", "vor drei stunden")),
        ("¿Por qué no compraste ETH ayer por la tarde?", ("ETH/USDT", "ayer", "por la tarde")),
        # Money, shares and a timeframe are no times; a bare number may be one.
        ("why did you buy ETH at 12.50", ("ETH/USDT", "at 12.50")),
        ("why did you buy 500 USDT of ETH", ("ETH/USDT",)),
        ("why only 50 % of ETH?", ("ETH/USDT",)),
        ("why did you buy ETH on 4h", ("ETH/USDT",)),
    ],
)
def test_a_why_goes_with_the_times_in_it(text: str, args: tuple[str, ...]) -> None:
    assert understand(text, MARKETS) == Intent("why", args)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("why did you sell SOL?", ("SOL/USDT", "sold")),
        ("Warum hast du SOL gestern verkauft?", ("SOL/USDT", "sold", "gestern")),
        ("¿Por qué vendiste SOL?", ("SOL/USDT", "sold")),
        ("why did you sell?", ("sold",)),
        ("why didn't you sell SOL?", ("SOL/USDT",)),
        ("Warum hast du SOL nicht verkauft?", ("SOL/USDT",)),
        ("¿Por qué no vendiste SOL?", ("SOL/USDT",)),
    ],
)
def test_a_why_about_a_sale_means_the_sale_and_not_the_newest_close(
    text: str, args: tuple[str, ...]
) -> None:
    assert understand(text, MARKETS) == Intent("why", args)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("how is my portfolio today?", "portfolio"),
        ("good morning, how is my portfolio?", "portfolio"),
        ("pnl this week", "pnl"),
        ("Gewinn heute?", "pnl"),
        ("¿Cuántas ganancias hoy?", "pnl"),
        ("last 5 trades", "trades"),
    ],
)
def test_a_question_about_now_that_says_so_is_answered(text: str, command: str) -> None:
    assert understand(text, MARKETS) == Intent(command, ())


@pytest.mark.parametrize(
    "text", ["", "?", "good morning", "buy BTC for 500", "sell everything", "kill it", "🚀" * 400]
)
def test_what_is_no_question_does_nothing(text: str) -> None:
    assert understand(text, MARKETS) is None


def test_a_flood_of_text_is_read_in_no_time() -> None:
    assert understand("why " * 100_000, MARKETS) == Intent("why", ())
