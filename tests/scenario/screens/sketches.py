"""Pictures drawn once: the executor that spares a test the drawing of the same screen again.

A picture is slow (a third of a second) and the walk shows hundreds. The first of every kind is
drawn, so that its words and its hostile symbols meet the real drawing code; every later one is a
copy in which one byte differs, because two pictures of one kind are never the same in life.
"""

import itertools
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import cast

from bot.messages.pictures import draw
from bot.messages.rendered import Picture


class Sketches(Executor):
    """Draws in the caller's thread. ``failures`` are pictures that could not be drawn."""

    def __init__(self) -> None:
        self._drawn: dict[type, bytes] = {}
        self._numbers = itertools.count(1)
        self.failures: list[str] = []

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See ``Executor``."""
        future: Future[T] = Future()
        try:
            made = self._sketch(cast("Picture", args[0])) if fn is draw else fn(*args, **kwargs)
        except Exception as err:  # noqa: BLE001 - handed on as a real executor would
            self.failures.append(f"{type(args[0]).__name__}: {type(err).__name__}: {err}")
            future.set_exception(err)
        else:
            future.set_result(made)  # type: ignore[arg-type]  # bytes, which is what draw returns
        return future

    def _sketch(self, picture: Picture) -> bytes:
        kind = type(picture)
        if kind not in self._drawn:
            self._drawn[kind] = draw(picture)
        return _marked(self._drawn[kind], next(self._numbers))


def _marked(png: bytes, number: int) -> bytes:
    """The same picture as another file: with a text chunk before its end."""
    body = b"tEXtcopy\x00" + str(number).encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:-12] + chunk + png[-12:]
