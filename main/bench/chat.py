"""``bench chat``: how long people wait for a card, an answer and a fill, and what cards cost."""

from dataclasses import dataclass
from pathlib import Path

from engine.market.progress import Progress, Step
from main.bench.process import run_measured
from main.bench.values import Target

_WHAT = {
    "card": "bars of {markets:,} markets in → card with its picture on the wire",
    "answer": "Approve pressed → answered",
    "fill": "Approve pressed → filled on paper",
}
_LIMITS_S = {"card": 2.0, "answer": 0.3, "fill": 1.0}
_LIMIT_MB = 350.0
_WARM = 0.1
"""The part of the cards after which every cache is filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A wait, over so many rounds. Seconds."""

    name: str
    what: str
    rounds: int
    median_s: float
    p99_s: float
    most_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of the process: before the first card, when warm, and after the last. MB."""

    cards: int
    start_mb: float
    warm_mb: float
    end_mb: float


def bench_chat(
    folder: Path, *, markets: int, rounds: int, cards: int, progress: Progress
) -> tuple[tuple[Delay, ...], Memory | None, tuple[Target, ...]]:
    """Measure the waits, then the memory; ``cards`` 0 leaves that out."""
    steps = 1 + bool(cards)
    answer = _worker(folder, "delay", markets, rounds)
    delays = tuple(_delay(name, answer[name], markets) for name in _LIMITS_S)
    progress(Step(label="chat", done=1, total=steps, eta_s=None))
    memory = None
    if cards:
        memory = _memory(cards, _worker(folder, "memory", markets, cards)["rss_mb"])
        progress(Step(label="chat", done=2, total=steps, eta_s=None))
    return delays, memory, tuple(_targets(delays, memory))


def percentile(seconds: list[float], fraction: float) -> float:
    """The value that this share of all does not exceed: the nearest rank, always one of them."""
    ordered = sorted(seconds)
    rank = -(-len(ordered) * round(fraction * 100) // 100)
    return ordered[max(rank, 1) - 1]


def _worker(folder: Path, kind: str, markets: int, count: int) -> dict[str, list[float]]:
    words = ["-m", "main.bench.chat_worker", kind, str(markets), str(count)]
    return dict(run_measured(words, caches=folder).answer)


def _delay(name: str, seconds: list[float], markets: int) -> Delay:
    return Delay(
        name=name,
        what=_WHAT[name].format(markets=markets),
        rounds=len(seconds),
        median_s=percentile(seconds, 0.5),
        p99_s=percentile(seconds, 0.99),
        most_s=max(seconds),
    )


def _memory(cards: int, samples: list[float]) -> Memory:
    warm = min(1 + int(len(samples) * _WARM), len(samples) - 1)
    return Memory(cards=cards, start_mb=samples[0], warm_mb=samples[warm], end_mb=samples[-1])


def _targets(delays: tuple[Delay, ...], memory: Memory | None) -> list[Target]:
    found = [
        Target(
            name=f"{one.name}, p99",
            value=one.p99_s,
            limit=_LIMITS_S[one.name],
            at_least=False,
            unit="s",
        )
        for one in delays
    ]
    if memory is not None:
        found.append(
            Target(
                name=f"memory after {memory.cards:,} cards",
                value=memory.end_mb,
                limit=_LIMIT_MB,
                at_least=False,
                unit="MB",
            )
        )
    return found
