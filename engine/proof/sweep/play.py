"""Many variants of one strategy on one history, on all cores or a cluster, with equal results.

choices (a grid or a sample of axes) → versions → batches that fit into memory → `Field` and numbers
→ workers → figures, in the order of the choices

Choices:
- Threads share everything and are the default: the work is compiled and needs no interpreter. A
  process pool reads the same arrays from shared memory. A Dask cluster gets them once. All three
  run the same function on the same numbers, variant by variant, so that neither their kind nor
  their number can change a bit of a result on one kind of processor.
- A batch holds so many distinct columns as fit into 64 MB; variants that share rules go together.
- Looking at a sweep is looking at results: whoever shows one counts every variant as a trial of the
  lineage (see `trials`). Searching inside a training stretch, unseen, is `search`.
"""

import atexit
import itertools
import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory
from queue import Empty, SimpleQueue
from typing import Any, Literal

import numpy as np

from engine.domain.desk import Json
from engine.domain.errors import ConfigurationError, ServiceError
from engine.domain.values import require
from engine.kernel import Floats
from engine.market.progress import Progress, Step, silent
from engine.proof.ground import Ground
from engine.proof.search import SearchSpace
from engine.proof.sweep.field import Bench, Field, Variant, lay_out
from engine.proof.sweep.kernel import MANY
from engine.proof.sweep.summary import FIGURES
from engine.proof.variants import altered
from engine.strategy.version import StrategyVersion

type Kind = Literal["threads", "processes"]
type Choice = Mapping[str, Json]
type Chunks = Sequence[tuple[Variant, ...]]
type Runner = Callable[[Field, Chunks], Iterator[Floats]]

_COLUMNS_BYTES = 64_000_000
_PATIENCE_S = 10.0
_ALIGNED = 64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Swept:
    """Choices with their figures: `figures` is [choice, figure] in the order of `FIGURES`.

    NaN is a figure without meaning, such as the Sharpe ratio of an idle variant.
    """

    choices: tuple[Choice, ...]
    figures: Floats

    def column(self, name: str) -> Floats:
        """Return one figure of all choices."""
        return self.figures[:, FIGURES.index(name)]

    def best_first(self, name: str = "sharpe") -> list[int]:
        """Return places of the choices, the highest figure first, those without one last."""
        values = np.nan_to_num(self.column(name), nan=-np.inf)
        order: list[int] = np.argsort(-values, kind="stable").tolist()
        return order


def grid(space: SearchSpace) -> list[dict[str, Json]]:
    """Return every point of a space, the last axis changing fastest."""
    names = list(space.axes)
    return [dict(zip(names, row, strict=True)) for row in itertools.product(*space.axes.values())]


def sample(space: SearchSpace, count: int, *, seed: int) -> list[dict[str, Json]]:
    """Return `count` different points of a space, drawn evenly; all of them if there are fewer."""
    if count >= space.points:
        return grid(space)
    drawn = np.random.default_rng(seed).choice(space.points, count, replace=False)
    sizes = [len(values) for values in space.axes.values()]
    points = zip(*np.unravel_index(np.sort(drawn), sizes), strict=True)
    return [space.choice(tuple(int(place) for place in point)) for point in points]


def sweep(
    ground: Ground,
    strategy: StrategyVersion,
    choices: Sequence[Choice],
    *,
    kind: Kind = "threads",
    workers: int | None = None,
    cluster: str | None = None,
    patience_s: float = _PATIENCE_S,
    progress: Progress = silent,
) -> Swept:
    """Play every choice from the start of the ground to its end.

    `cluster` is the address of a Dask scheduler and goes before `kind`. `InvalidValueError` for a
    parameter that is not there, `ConfigurationError` if Dask is not installed, `ServiceError` if it
    cannot be reached.
    """
    versions = [altered(strategy, choice) for choice in choices]
    figures = play_all(
        ground,
        versions,
        kind=kind,
        workers=workers,
        cluster=cluster,
        patience_s=patience_s,
        progress=progress,
    )
    return Swept(choices=tuple(choices), figures=figures)


def play_all(
    ground: Ground,
    versions: Sequence[StrategyVersion],
    *,
    kind: Kind = "threads",
    workers: int | None = None,
    cluster: str | None = None,
    patience_s: float = _PATIENCE_S,
    columns_bytes: int = _COLUMNS_BYTES,
    progress: Progress = silent,
) -> Floats:
    """Return the `FIGURES` [version, figure] of versions of one timeframe; see `sweep`.

    `patience_s` is how long to wait for a cluster's answer, `columns_bytes` the size of a batch.
    """
    count = workers or os.cpu_count() or 1
    require(count >= 1, "workers", ">= 1", count)
    figures = np.empty((len(versions), len(FIGURES)))
    done = 0
    with ThreadPoolExecutor(count) as pool, _runner(kind, count, pool, cluster, patience_s) as run:
        for batch in _batches(ground, versions, columns_bytes):
            field, variants = lay_out(
                ground,
                [versions[k] for k in batch],
                start_ms=ground.start_ms,
                end_ms=ground.end_ms,
                spread=pool.map,
            )
            size = _chunk(len(batch), count)
            parts = itertools.batched(batch, size)
            played = run(field, list(itertools.batched(variants, size)))
            for places, rows in zip(parts, played, strict=True):
                figures[list(places)] = rows
                done += len(places)
                progress(Step(label="variants", done=done, total=len(versions), eta_s=None))
    return figures


def _chunk(variants: int, workers: int) -> int:
    return max(1, min(MANY, -(-variants // workers)))


def _batches(
    ground: Ground, versions: Sequence[StrategyVersion], columns_bytes: int
) -> Iterator[list[int]]:
    """Places of versions that go together: few distinct rules, in the order of their rules."""
    cells = len(ground.feed.open_ms) * len(ground.symbols)
    most = max(1, columns_bytes // (8 * max(1, cells)))
    order = sorted(range(len(versions)), key=lambda k: repr(versions[k].rules))
    batch: list[int] = []
    rules: set[Any] = set()
    for place in order:
        more = rules | set(versions[place].rules)
        if batch and len(more) > most:
            yield batch
            batch, more = [], set(versions[place].rules)
        batch.append(place)
        rules = more
    if batch:
        yield batch


@contextmanager
def _runner(
    kind: Kind, workers: int, threads: Executor, cluster: str | None, patience_s: float
) -> Iterator[Runner]:
    if cluster is not None:
        with _on_cluster(cluster, patience_s) as run:
            yield run
    elif kind == "processes":
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield lambda field, chunks: _in_processes(pool, field, chunks)
    else:
        yield lambda field, chunks: _in_threads(threads, field, chunks)


def _in_threads(pool: Executor, field: Field, chunks: Chunks) -> Iterator[Floats]:
    """Play chunks side by side, each thread on a bench of its own."""
    free: SimpleQueue[Bench] = SimpleQueue()

    def work(chunk: tuple[Variant, ...]) -> Floats:
        try:
            bench = free.get_nowait()
        except Empty:
            bench = Bench(field)
        try:
            return bench.play(chunk)
        finally:
            free.put(bench)

    return pool.map(work, chunks)


def _in_processes(pool: Executor, field: Field, chunks: Chunks) -> Iterator[Floats]:
    """Put the field into shared memory once; each process looks at it there."""
    parts: list[pickle.PickleBuffer] = []
    shape = pickle.dumps(field, protocol=5, buffer_callback=parts.append)
    sizes = [len(part.raw()) for part in parts]
    starts = list(
        itertools.accumulate((-(-size // _ALIGNED) * _ALIGNED for size in sizes), initial=0)
    )
    memory = SharedMemory(create=True, size=max(1, starts[-1]))
    try:
        for start, size, part in zip(starts, sizes, parts, strict=False):
            _bytes_of(memory)[start : start + size] = part.raw()
        places = tuple(zip(starts, sizes, strict=False))
        yield from pool.map(_in_process, ((memory.name, shape, places, one) for one in chunks))
    finally:
        memory.close()
        memory.unlink()


class _View:
    """What a worker process works on: shared memory, and a bench that looks into it."""

    memory: SharedMemory | None = None
    bench: Bench | None = None

    @classmethod
    def leave(cls) -> None:
        """Let go of the arrays, then of the memory under them."""
        cls.bench = None
        if cls.memory is not None:
            cls.memory.close()
        cls.memory = None


def _in_process(task: tuple[str, bytes, tuple[tuple[int, int], ...], Sequence[Variant]]) -> Floats:
    name, shape, places, chunk = task
    if _View.memory is None or _View.memory.name != name:
        _View.leave()
        atexit.register(_View.leave)
        _View.memory = SharedMemory(name=name)
        views = [_bytes_of(_View.memory)[start : start + size] for start, size in places]
        _View.bench = Bench(pickle.loads(shape, buffers=views))  # noqa: S301 - our parent wrote it
    assert _View.bench is not None
    return _View.bench.play(chunk)


def _bytes_of(memory: SharedMemory) -> memoryview:
    """The bytes of shared memory that is open."""
    assert memory.buf is not None
    return memory.buf


@contextmanager
def _on_cluster(address: str, patience_s: float) -> Iterator[Runner]:
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise ConfigurationError(
            "a cluster needs the distributed package; install with: uv sync --extra cluster"
        ) from err
    try:
        client = Client(address, timeout=patience_s, set_as_default=False)
    except (OSError, TimeoutError) as err:
        raise ServiceError(f"no Dask scheduler answers at {address}: {err}") from err
    with client:

        def run(field: Field, chunks: Chunks) -> Iterator[Floats]:
            shared = client.scatter(field, broadcast=True)
            futures = client.map(on_worker, [shared] * len(chunks), chunks, pure=False)
            return (future.result() for future in futures)

        yield run


def on_worker(field: Field, chunk: Sequence[Variant]) -> Floats:
    """Play a chunk on a cluster's worker; `field` is the worker's own copy."""
    return Bench(_writeable(field)).play(chunk)


def _writeable(field: Field) -> Field:
    """A field whose arrays may be written: what came over a wire is read-only, another type."""
    copied: Field = pickle.loads(pickle.dumps(field, protocol=4))  # noqa: S301 - our own field
    return copied
