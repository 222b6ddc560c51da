"""``bench backtest``: the benchmark rule here and elsewhere, in turn, in one run.

candles and indicators in a file → each engine in fresh processes (cold), in turn, several rounds →
each with many runs in one process (warm), for the same time each, several rounds → the best of each
→ trades compared with a plain loop → ratios against targets.

The best of several runs is taken, for every engine alike: what a busy machine adds is never
negative. Rounds go through all engines, so that a slow minute hits all.
"""

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.domain.errors import CryptotraderError
from engine.market.progress import Progress, Step
from main.bench import environment
from main.bench.candles import make_bars, save_bars
from main.bench.ours import VARIANTS
from main.bench.process import PROGRAMS, Measured, run_measured
from main.bench.rule import Played, plain_loop, rule_indicators
from main.bench.values import BacktestBench, EngineResult, Target

COLD_ROUNDS = 3
_WARM_ROUNDS = 3
_WARM_RUNS = 2
_WARM_S = 2.0
_TASKS = {
    "given": "rule, indicators given",
    "computed": "rule, RSI, BB and ATR computed",
    "score": "eight indicators, score, contributions, sizing",
}
_SAME_PNL = 0.001
_MOST_TRADES_APART = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contestant:
    name: str
    task: str
    ours: bool
    run: Callable[[int, float], Measured]


def bench_backtest(
    folder: Path, *, bars: int, peers: bool, rounds: int = COLD_ROUNDS, progress: Progress
) -> BacktestBench:
    """Measure everything; files are kept in ``folder``."""
    file = folder / f"columns-{bars}.npz"
    expected = _prepare(file, bars)
    contestants = [_ours(variant, file) for variant in VARIANTS]
    others, missing = _others(folder, file) if peers else ([], ("left out with --no-peers",))
    contestants += others
    results = _measure(contestants, expected, bars=bars, rounds=rounds, progress=progress)
    return BacktestBench(
        bars=bars,
        expected_trades=expected.trades,
        expected_pnl_quote=expected.pnl_quote,
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        load=_load(),
        engines=results,
        targets=tuple(_targets(results, expected)),
        missing=tuple(missing),
    )


def _load() -> float:
    """How many processes wanted a core in the last minute, this one's included."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _prepare(file: Path, count: int) -> Played:
    """Write candles and indicators where every engine reads them; play the plain loop."""
    bars = make_bars(count)
    known = rule_indicators(bars)
    save_bars(bars, file, **known._asdict())
    return plain_loop(bars, known)


def _ours(variant: str, file: Path) -> _Contestant:
    def run(runs: int, least_s: float) -> Measured:
        words = ["-m", "main.bench.ours", variant, str(file), str(runs), str(least_s)]
        return run_measured(words, caches=file.parent)

    return _Contestant(name="cryptotrader", task=_TASKS[variant], ours=True, run=run)


def _others(folder: Path, file: Path) -> tuple[list[_Contestant], list[str]]:
    try:
        python = environment.peer_python(folder)
    except CryptotraderError as err:
        return [], [str(err)]
    return [
        _other("vectorbt", "play_vectorbt.py", python, file, "numba"),
        _other("vectorbt in Rust", "play_vectorbt.py", python, file, "rust"),
        _other("backtesting.py", "play_backtesting.py", python, file),
    ], []


def _other(name: str, program: str, python: str, file: Path, *more: str) -> _Contestant:
    def run(runs: int, least_s: float) -> Measured:
        words = [str(PROGRAMS / program), str(file), str(runs), str(least_s), *more]
        return run_measured(words, python=python, caches=file.parent)

    return _Contestant(name=name, task=_TASKS["given"], ours=False, run=run)


def _measure(
    contestants: list[_Contestant],
    expected: Played,
    *,
    bars: int,
    rounds: int,
    progress: Progress,
) -> tuple[EngineResult, ...]:
    # The first process of each compiles and writes bytecode; it is not counted.
    warm = ("warm", _WARM_RUNS, _WARM_S if rounds > 1 else 0.0)  # one round is a quick look
    plan = [("prepare", 1, 0.0), *[("cold", 1, 0.0)] * rounds, *[warm] * min(rounds, _WARM_ROUNDS)]
    found: dict[int, list[tuple[str, Measured]]] = {k: [] for k in range(len(contestants))}
    total, done = len(plan) * len(contestants), 0
    for kind, runs, least_s in plan:
        for k, one in enumerate(contestants):
            found[k].append((kind, one.run(runs, least_s)))
            done += 1
            progress(Step(label="engines", done=done, total=total, eta_s=None))
    return tuple(_result(one, found[k], expected, bars=bars) for k, one in enumerate(contestants))


def _result(
    one: _Contestant, found: list[tuple[str, Measured]], expected: Played, *, bars: int
) -> EngineResult:
    cold = [measured for kind, measured in found if kind == "cold"]
    answer = found[-1][1].answer
    played = Played(
        trades=answer["trades"],
        pnl_quote=answer["pnl_quote"],
        still_open=answer["still_open"],
        first_opened_ms=answer["first_opened_ms"],
    )
    return EngineResult(
        name=one.name,
        version=str(answer.get("version", "")),
        task=one.task,
        ours=one.ours,
        bars=bars,
        trades=played.trades,
        pnl_quote=played.pnl_quote,
        difference=explain(played, expected) if one.task != _TASKS["score"] else "another strategy",
        run_s=min(second for _, measured in found for second in measured.seconds),
        cold_s=min(measured.process_s for measured in cold),
        peak_rss_mb=max(measured.peak_rss_mb for measured in cold),
    )


def explain(played: Played, expected: Played) -> str:
    """Say how an engine's trades differ from the plain loop's, and why where that can be seen."""
    if played.trades == expected.trades and played.still_open == expected.still_open:
        apart = played.pnl_quote - expected.pnl_quote
        if apart == 0.0:
            return "same trades, same profit"
        why = "rounding" if abs(apart) < _SAME_PNL else "not explained"
        return f"same trades, profit {apart:+.1g} ({why})"
    apart_by = played.trades - expected.trades
    text = f"{_counted(abs(apart_by), 'trade')} {'more' if apart_by > 0 else 'fewer'}"
    if played.still_open != expected.still_open:
        text += f", {played.still_open} still open"
    first, known = played.first_opened_ms, expected.first_opened_ms
    if first is not None and known is not None and first > known:
        late = (first - known) // 60_000
        text += f": its first order fills {_counted(late, 'bar')} later"
    return text


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _targets(results: tuple[EngineResult, ...], expected: Played) -> Iterator[Target]:
    by_task = {one.task: one for one in results if one.ours}
    given, computed, score = (by_task[_TASKS[variant]] for variant in VARIANTS)
    others = {one.name: one for one in results if not one.ours}
    vectorbt, backtesting = others.get("vectorbt"), others.get("backtesting.py")
    rust = others.get("vectorbt in Rust")
    apart = abs(given.trades - expected.trades)
    yield Target(
        name="trades unlike the plain loop's", value=apart, limit=0, at_least=False, unit="trades"
    )
    for peer in others.values():
        yield Target(
            name=f"trades of {peer.name} unlike the plain loop's",
            value=abs(peer.trades - expected.trades),
            limit=_MOST_TRADES_APART,
            at_least=False,
            unit="trades",
        )
    for one, limit in ((given, 4.0), (computed, 1.0), (score, 0.25)):
        yield _ratio(f"speed: {one.task}", one, vectorbt, limit)
    yield _ratio(f"speed: {given.task}", given, rust, 1.0)
    for one in (given, computed, score):
        yield Target(
            name=f"cold process: {one.task}",
            value=one.cold_s / backtesting.cold_s if backtesting else None,
            limit=0.6,
            at_least=False,
            unit="× backtesting.py",
        )
    for one in (given, computed, score):
        yield Target(
            name=f"memory: {one.task}",
            value=one.peak_rss_mb,
            limit=300.0,
            at_least=False,
            unit="MB",
        )


def _ratio(name: str, one: EngineResult, other: EngineResult | None, limit: float) -> Target:
    return Target(
        name=name,
        value=other.run_s / one.run_s if other else None,
        limit=limit,
        at_least=True,
        unit=f"× {other.name if other else 'the other engine'}",
    )
