"""A German and a Spanish owner read no English: every command and every button, then every text.

What may stay English is listed: names, what is typed, and what comes from outside the desk.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.handlers.commands import COMMANDS
from bot.messages.callbacks_changes import SetPreference
from bot.policy import ChatOptions
from engine.desk.delivery.jobs import KnownJob, announce
from engine.desk.tell import tell_notice
from engine.domain.decisions import Decision
from engine.domain.desk import JobRun
from engine.domain.market import Symbol
from engine.domain.signals import Signal
from tests.fakes.desk_builder import BTC, ETH, START, Bench
from tests.fakes.units import FakeUnits
from tests.scenario.screens.arguments import ARGUMENTS
from tests.scenario.screens.sketches import Sketches
from tests.scenario.screens.stage import open_desk
from tests.scenario.screens.walker import Walker
from tests.servers.telegram import TelegramServer
from tests.unit.bot.harness import scored, talking, telegram

SOL = Symbol.parse("SOL/USDT")

_ENGLISH = re.compile(
    r"\b(the|is|are|was|were|of|and|or|not|with|without|from|at|to|by|before|after|until|since|must"
    r"|be|been|has|have|it|its|this|that|you|your|my|any|each|every|none|nothing|yes|below|above"
    r"|between|close|closes|closed|open|opened|bars?|markets?|questions?|answers?"
    r"|orders?|fills?|filled|bought|sold|buy|sell|price|size|edge|costs?|fees|risk|equity|cash"
    r"|position|positions|held|holding|limit|limits|refused|rejected|approved|expired|pending|failed"
    r"|error|late|told|asked|reminded|watched|changed|cancelled|alone|awake|run|remind|seconds|hours"
    r"|days?|month|week|today|yesterday|now|stopped|stop was|mean|strength|volume|rising|falling"
    r"|number|whole|least|most|owner|viewer|approver|alert|paper|live|auto|skip|smaller|entry"
    r"|exit|target|passed|decision|candles?|lines|whole|settings|language|unknown|invalid|help)\b",
    re.IGNORECASE,
)
_TYPED = re.compile(
    r"<code>.*?</code>|/[a-z]+(?: (?:[A-Z]{2,}[\w/]*|[\d.,:%-]+|(?:score|breakout)(?:-1)?|[a-z_]+"
    r"|zone Europe/\w+|&gt;|>|<|&lt;|[a-z_]+\([^)]*\)))*"
)
"""What a person would type: a command with its words."""
_ALLOWED = re.compile(
    r"\b(?:score-1|breakout-1|trend-1|Stop|Score|Ticker|Europe/\w+|cryptotrader \w+(?: \w+)*)\b"
    r"|app\.currency_pair|close\(\S+ [<>] bb_\w+|close\(\S+ &[lg]t; bb_\w+|·? ?(?:[a-z]+_)+[a-z]+"
)
"""Names of versions and settings, and words that traders of every language use."""
_ALSO_THEIRS = {
    "de": {"limit", "order", "position", "was"},
    "es": {"has"},
}
"""Words that are English by chance only."""
_ASKED_FOR = {"approver", "live", "nothing", "of", "owner", "paper", "viewer"}
"""Roles and modes as they are typed, and what the walk itself has said."""


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer(query_ttl_s=120.0) as running:
        yield running


def _spoken(bench: Bench, symbol: Symbol) -> Decision:
    """A decision whose indicators speak as the shipped rules do."""
    made = scored(bench.decide(symbol))
    return replace(
        made,
        signals=(
            Signal(
                code="RSI",
                side=1,
                strength=80.0,
                values=(("rsi", 24.1),),
                reason="RSI(14) is 24.1, below 30: oversold.",
            ),
            Signal(
                code="MACD",
                side=1,
                strength=60.0,
                values=(),
                reason="MACD(12/26/9) is above its signal line by 0.12 ATR: momentum is rising.",
            ),
        ),
    )


def _furnish(bench: Bench, owner_id: int) -> dict[str, str]:
    """A position, a closed trade, open questions, jobs that did well and jobs that failed."""
    with bench.units(read_only=True) as unit:
        owner = next(one for one in unit.desk.people() if one.user_id == owner_id)
    for symbol in (BTC, ETH):
        bench.propose(_spoken(bench, symbol))
        bench.approve(bench.pending()[-1], owner)
    bench.gateway.close(ETH, reason="exit_score", origin="strategy", price=Decimal(100))
    asked = _spoken(bench, SOL)
    bench.propose(asked)
    bench.closes.run_due()
    with bench.units() as unit:
        for name, detail in _RESULTS.items():
            unit.desk.put_job_run(
                JobRun(name=name, finished_at=START, ok=True, detail=detail, failures=0)
            )
        unit.desk.put_job_run(
            JobRun(
                name="market",
                finished_at=START,
                ok=False,
                detail="VenueUnavailableError: kraken: 502 2026-03-02 14:00 UTC",
                failures=1,
            )
        )
        announce(
            unit,
            [KnownJob(name=name, every_s=60.0, may_run_now=True) for name in (*_RESULTS, "market")],
        )
        tell_notice(
            unit,
            "job_failed",
            {"name": "market", "detail": "VenueUnavailableError: kraken: 502"},
            cause="1",
            at=START,
        )
        tell_notice(
            unit, "daily_loss_reached", {"until": "2026-03-03T00:00:00+00:00"}, cause="2", at=START
        )
        unit.commit()
    (trade,) = bench.trades()
    return {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "asked": "SOL/USDT",
        "decision": asked.id,
        "order": trade.entry_order_id,
        "trade": trade.id,
    }


_RESULTS = {
    "closes": "1 closes, 0 markets late",
    "expiry": "0 expired, 1 asked again, 2 reminded, 0 codes too late",
    "monitor": "0 looked up, 1 changed, 0 unprotected, 0 cancelled",
    "snapshot": "equity 10000.00",
    "gaps": "3 absent bars",
    "digest": "from tomorrow",
    "lock": "alone",
    "research": "idle",
    "drift": "unproven",
    "shadows": "1 vetoes found, 0 followed",
    "chain": "120 lines whole",
    "words": "awake",
    "asked": "nothing asked for",
    "prices": "3 of 3 prices",
    "alerts": "1 watched, 0 told",
}


_LANGUAGES = ("English", "Deutsch", "Español", "● Deutsch", "● Español")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", ["de", "es"])
async def test_no_english_is_left_on_any_screen(language: str, server: TelegramServer) -> None:
    owner = server.user("Ana", language_code=language)
    bench, wall = open_desk(FakeUnits(), owner, language=language, symbols=(BTC, ETH, SOL))
    names = _furnish(bench, owner.id)
    options = ChatOptions(language=language, zone_name="Europe/Madrid", answer_within_s=30.0)
    async with talking(
        bench, wall, telegram(server), options=options, picture_thread=Sketches()
    ) as talk:
        walker = Walker(server=server, talk=talk, user=owner, chat=owner.chat)
        # The owner stays with the language: every label that would change it counts as pressed.
        walker.pressed.update({(SetPreference, label): 1 for label in _LANGUAGES})
        await walker.calm("the stage")
        await walker.tour(owner.chat.messages(), after="the stage")
        for name in sorted(COMMANDS, key=lambda one: one in ("pause", "resume", "kill")):
            await walker.explore(f"/{name}")
            for row in ARGUMENTS[name]:
                await walker.say(f"/{name} {_filled(row, names)}")
    assert not walker.faults
    found = sorted({one for text in _told(server) for one in _strange(text, language)})
    assert not found, "\n".join(found)


def _filled(row: str, names: dict[str, str]) -> str:
    for key, value in names.items():
        row = row.replace(f"{{{key}}}", value)
    return row


def _told(server: TelegramServer) -> Iterator[str]:
    """Everything a person has read: texts, captions, labels of buttons, answers to presses."""
    for call in server.log:
        for key in ("text", "caption"):
            if call.params.get(key):
                yield str(call.params[key])
        for label in re.findall(
            r'"text": ?"((?:[^"\\]|\\.)*)"', str(call.params.get("reply_markup"))
        ):
            yield label.encode().decode("unicode_escape", "replace") if "\\u" in label else label


def _strange(text: str, language: str) -> Iterator[str]:
    for line in text.split("\n"):
        bare = _TYPED.sub("", html.unescape(_ALLOWED.sub("", _TYPED.sub("", line))))
        for word in _ENGLISH.findall(re.sub(r"<[^>]+>", "", bare)):
            if word.lower() not in _ALSO_THEIRS[language] | _ASKED_FOR:
                yield f"{word}: {line}"
