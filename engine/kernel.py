"""What the compiled rooms share: the decorator, the memory layout of records, and the roundings.

Flow: a room decorates its functions with `compiled` or `lean`; `engine.strategy.book` lays its
records out with `records`; money and counts cross between float and whole numbers only by the
functions here.

Choices:
- Records are numpy structured arrays declared once as an annotated class. The type checker reads
  the attributes, numba reads the layout, and a whole book travels as one pointer, so that a bar
  costs nanoseconds. `book[i].lots` reads the same compiled and uncompiled (`NUMBA_DISABLE_JIT=1`).
- numba's on-disk cache notices a change of the function's own file only, not of the functions it
  calls in other files (numba documentation, "Caching: limitations"). A desk that was upgraded
  would go on trading by its old rules. Each function is therefore stamped with the sources of every
  engine module it can reach.
- A value that equals a limit is inside it: comparisons and roundings allow a few units in the last
  place, never more than a thousandth of a lot.
- numba imports scipy wherever it is installed, for linear algebra that nothing compiled here uses:
  a fifth of a second and 16 MB in every process. It is loaded as if scipy were not there; whoever
  wants scipy imports it afterwards.
"""

import functools
import hashlib
import importlib
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast, get_type_hints

import numpy as np
from numpy.typing import NDArray

from engine.domain.values import require


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let imports inside find no `package`, as if it were not installed; a loaded one stays."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # Python's own word for "not there"
    try:
        yield
    finally:
        del sys.modules[package]


with hidden("scipy"):
    from numba import __version__ as numba_version
    from numba import njit

    importlib.import_module("numba.np.arraymath")  # else the first compiled call loads it

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_LAYOUT: dict[type, str] = {float: "f8", int: "i8", bool: "?"}
_LARGEST_COUNT = 4.0e15  # below 2**52: every whole number up to here is exact in a float
_ABSOLUTE = 1e-9
_RELATIVE = 1e-12


class Records[T](Protocol):
    """A one-dimensional structured array whose elements read like `T`."""

    def __getitem__(self, index: int, /) -> T:
        """Return a view of one element: writing its attributes writes the array."""
        ...

    def __setitem__(self, index: int, element: T, /) -> None:
        """Copy an element's attributes into the array."""
        ...

    def __len__(self) -> int: ...


def records[T](layout: type[T], count: int) -> Records[T]:
    """Return `count` zeroed records with the attributes that `layout` annotates."""
    return cast("Records[T]", np.zeros(count, dtype_of(layout)).view(np.recarray))


def dtype_of(layout: type) -> "np.dtype[np.void]":
    """Return the aligned structured dtype of an annotated class of floats, ints and bools.

    A field named like a method of numpy's records would read as the method when uncompiled.
    """
    for name in get_type_hints(layout):
        require(not hasattr(np.record, name), "field", "no method of numpy.record", name)
    fields = [(name, _LAYOUT[kind]) for name, kind in get_type_hints(layout).items()]
    return np.dtype(fields, align=True)


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile on first call, keep the machine code on disk, drop it when any source changed.

    Other threads run Python while it works: a desk answers a press during a sweep, and a sweep
    uses all cores. Whoever hands arrays over must not change them meanwhile.
    """
    return cast("F", _compile(function, allocates=True))


def lean[F: Callable[..., Any]](function: F) -> F:
    """Compile like `compiled`, a function that makes no array, set or string.

    Without reference counts a bar costs an eighth, and numba refuses what would allocate. Its
    machine code becomes part of its compiled callers: a whole book handed over by value costs more
    than most functions do with it.
    """
    return cast("F", _compile(function, allocates=False))


def inlined[F: Callable[..., Any]](function: F) -> F:
    """Compile like `lean`, a part of the hot loop, as if it were written out in its caller.

    The caller's types are then inferred over all of it, which finds still more to leave out. Not
    for the rest: code that is copied into each caller takes long to compile.
    """
    return cast("F", _compile(function, allocates=False, inline="always"))


def _compile(function: Callable[..., Any], *, allocates: bool, inline: str = "never") -> object:
    """Wrap one function; the options used here have no public name and are pinned by tests."""
    options = {
        "inline": inline,
        "forceinline": not allocates,
        "nogil": True,
        "_nrt": allocates,
    }
    dispatcher = njit(cache=True, **options)(function)
    cache = getattr(dispatcher, "_cache", None)  # absent under NUMBA_DISABLE_JIT
    if cache is not None:
        file = cache._cache_file  # noqa: SLF001 (see above)
        file._source_stamp = _sources_digest(function.__module__)  # noqa: SLF001
        # The version is compared before anything is unpickled: a kept type that was moved or
        # renamed since could not be, and the program would not start after an upgrade.
        file._version = f"{numba_version} {file._source_stamp}"  # noqa: SLF001
    return dispatcher


@functools.cache
def _sources_digest(module_name: str) -> str:
    """Return a digest of a module, of all engine modules it reaches, and of plain constants."""
    digest = hashlib.sha256(np.__version__.encode())
    for name in sorted(_reachable(module_name, set())):
        module = sys.modules[name]
        digest.update(name.encode() + Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def _reachable(module_name: str, seen: set[str]) -> set[str]:
    """Collect the engine modules whose functions, classes or values a module holds."""
    seen.add(module_name)
    for value in list(vars(sys.modules[module_name]).values()):
        home = getattr(value, "__module__", None) or ""
        if home.startswith("engine.") and home in sys.modules and home not in seen:
            _reachable(home, seen)
    return seen


@lean
def floor_count(value: float) -> int:
    """Return the largest whole count in `value`; a rounding error below a count does not lose it.

    Not a number gives 0: an unknown size is no size.
    """
    if not value > 0.0:
        return 0
    capped = min(value, _LARGEST_COUNT)
    return math.floor(capped + _ABSOLUTE + _RELATIVE * capped)


@lean
def ceil_count(value: float) -> int:
    """Return the smallest whole count that holds `value`; see `floor_count`."""
    if not value > 0.0:
        return 0
    capped = min(value, _LARGEST_COUNT)
    return math.ceil(capped - _ABSOLUTE - _RELATIVE * capped)


@lean
def at_most(value: float, limit: float) -> bool:
    """Tell whether `value` is inside `limit`: equal counts as inside, not-a-number does not."""
    return bool(value <= limit + _ABSOLUTE + _RELATIVE * abs(limit))


@lean
def round_quote(amount: float) -> float:
    """Round a quote amount to 1e-8, ties to even, as the ledger's Decimal does.

    A float that lies within its own precision of a tie is the tie.
    """
    scaled = abs(amount) * 1e8
    if not scaled < _LARGEST_COUNT:
        return amount
    whole = math.floor(scaled)
    beyond = scaled - whole
    tie = abs(beyond - 0.5) <= min(0.1, _ABSOLUTE + 4e-16 * scaled)
    up = whole % 2.0 == 1.0 if tie else beyond > 0.5  # noqa: PLR2004 (the half of half-even)
    rounded = (whole + 1.0 if up else whole) / 1e8
    return rounded if amount >= 0.0 else -rounded
