"""How long people wait for the desk in the chat: a whole desk and bot in a process of its own.

    python -m main.bench.chat_worker delay MARKETS ROUNDS    → one JSON object on stdout
    python -m main.bench.chat_worker memory MARKETS CARDS

``delay``: so many markets close; one card is asked, its Approve is pressed, the order fills, the
position is closed; again and again. ``memory``: so many cards with pictures go out, one by one.

What is real: the database, scoring and deciding all markets, drawing, the bot's own client, HTTP to
a service in another process. What is not: Telegram's own pace of a message a second in a chat,
which would measure Telegram.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.domain.desk import Delivery, OutboxMessage, Priority
from engine.domain.ids import DecisionId, MessageId
from main.bench.chat_client import Call, ServiceClient, running_service
from main.bench.chat_desk import CHAT, BenchDesk, open_bench_desk

_SOON_S = 120.0
_NAP_S = 0.002
_APPROVE = "Approve"
_BATCH = 25
_SAMPLES = 20


@dataclass(slots=True)
class Waits:
    """Seconds, one for every round."""

    card: list[float]
    answer: list[float]
    fill: list[float]


def main(kind: str, markets: int, count: int) -> None:
    """Measure one kind and print it."""
    work = {"delay": _delay, "memory": _memory}[kind]
    with tempfile.TemporaryDirectory(prefix="bench-chat-") as folder, running_service() as client:
        print(json.dumps(asyncio.run(work(Path(folder), client, markets, count))))  # noqa: T201 - the answer


async def _delay(
    folder: Path, client: ServiceClient, markets: int, rounds: int
) -> dict[str, list[float]]:
    """The first round fills the caches and is not counted."""
    waits = Waits(card=[], answer=[], fill=[])
    async with open_bench_desk(folder, client, markets=markets, closes=rounds + 1) as desk:
        for number in range(rounds + 1):
            await _round(desk, client, waits)
            if number == 0:
                waits = Waits(card=[], answer=[], fill=[])
    return {"card": waits.card, "answer": waits.answer, "fill": waits.fill}


async def _round(desk: BenchDesk, client: ServiceClient, waits: Waits) -> None:
    """One close from its bars to a filled and closed position."""
    began_s = time.monotonic()
    await desk.close_markets()
    card = await _seen(client, lambda call: call.method == "sendphoto" and bool(call.buttons))
    waits.card.append(card.at_s - began_s)

    data = next(data for label, data in card.buttons.items() if _APPROVE in label)
    fills = desk.fills()
    press = await asyncio.to_thread(client.press, CHAT, card.message_id, data)
    waiting = asyncio.create_task(_filled(desk, fills))
    answer = await _seen(client, lambda call: call.query_id == press.query_id)
    waits.answer.append(answer.at_s - press.at_s)
    waits.fill.append(await waiting - press.at_s)

    await desk.leave_everything()
    await _until(desk.is_calm)
    client.skip()


async def _filled(desk: BenchDesk, before: int) -> float:
    await _until(lambda: desk.fills() > before)
    return time.monotonic()


async def _memory(
    folder: Path, client: ServiceClient, markets: int, cards: int
) -> dict[str, list[float]]:
    """The memory of this process while cards go out, in MB."""
    taken = [_rss_mb()]
    async with open_bench_desk(folder, client, markets=markets, closes=1) as desk:
        await desk.close_markets()
        card = await _seen(client, lambda call: call.method == "sendphoto")
        assert card.buttons
        decision_id = desk.newest_question()
        sample_every = max(1, cards // _SAMPLES)
        for first in range(0, cards, _BATCH):
            count = min(_BATCH, cards - first)
            await desk.queue([_card(desk, decision_id, first + k) for k in range(count)])
            await _until(desk.is_calm)
            client.skip()
            if (first + count) % sample_every < _BATCH:
                taken.append(_rss_mb())
    return {"rss_mb": taken}


def _card(desk: BenchDesk, decision_id: DecisionId, number: int) -> OutboxMessage:
    """The same decision told as another message: rendered, drawn and sent as if it were new."""
    return OutboxMessage(
        id=MessageId(f"bench-{number}"),
        kind="card",
        subject=f"bench:{number}",
        payload={"decision_id": decision_id, "number": number},
        created_at=desk.now(),
        priority=Priority.QUESTION,
        delivery=Delivery.NEW,
        chat_id=CHAT,
    )


async def _seen(client: ServiceClient, wanted: Callable[[Call], bool]) -> Call:
    """The first call of this kind since the last ``skip``."""
    found: Call | None = None

    def is_there() -> bool:
        nonlocal found
        found = next((call for call in client.log() if wanted(call)), None)
        return found is not None

    deadline_s = time.monotonic() + _SOON_S
    while not await asyncio.to_thread(is_there):
        if time.monotonic() > deadline_s:
            raise TimeoutError("the call did not come")
        await asyncio.sleep(_NAP_S)
    assert found is not None  # the loop has ended
    return found


async def _until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + _SOON_S
    while not await asyncio.to_thread(is_so):
        if time.monotonic() > deadline_s:
            raise TimeoutError("the desk did not come to rest")
        await asyncio.sleep(_NAP_S)


def _rss_mb() -> float:
    """Memory held now; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(one for one in status.read_text("ascii").splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
