"""The picture that stands where another one could not be made: a frame, crossed out.

A photo in a chat can be replaced and never taken away. Where the picture of a market cannot be
drawn, the one of the market before must not stay under its words. Made of bytes alone, because it
is needed when drawing has failed.
"""

import struct
import zlib
from functools import cache

_WIDTH, _HEIGHT, _EDGE, _STROKE = 1080, 360, 40, 6
_COLOURS = {"dark": (b"\x0e\x13\x1a", b"\x9a\xa8\xb7"), "light": (b"\xff\xff\xff", b"\x56\x64\x73")}
"""Background and muted ink of the themes, as in ``bot.charts.style``."""


@cache
def stand_in(theme: str) -> bytes:
    """The picture as PNG; the same bytes every time."""
    paper, ink = _COLOURS.get(theme, _COLOURS["dark"])
    rows = b"".join(b"\x00" + _row(y, paper, ink) for y in range(_HEIGHT))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, content)
        for name, content in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(rows, 9)),
            (b"IEND", b""),
        )
    )


def _row(y: int, paper: bytes, ink: bytes) -> bytes:
    inside_width, inside_height = _WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE
    top, bottom = _EDGE, _HEIGHT - _EDGE
    if not top <= y < bottom:
        return paper * _WIDTH
    if y < top + _STROKE or y >= bottom - _STROKE:
        return paper * _EDGE + ink * inside_width + paper * _EDGE
    falling = (y - top) * (inside_width - 4 * _STROKE) // inside_height
    line = bytearray(ink * _STROKE + paper * (inside_width - 2 * _STROKE) + ink * _STROKE)
    for at in (falling, inside_width - 4 * _STROKE - falling):
        line[3 * at : 3 * (at + 4 * _STROKE)] = ink * (4 * _STROKE)
    return paper * _EDGE + bytes(line) + paper * _EDGE


def _chunk(name: bytes, content: bytes) -> bytes:
    checked = name + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
