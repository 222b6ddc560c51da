"""What a strategy file reads besides its own text: files beside it, and nothing over a network.

A signal may depend on a table of dates, a list of symbols or a module next to the file. Edit that,
and it is another strategy, whatever the made-up markets show: their bars may never meet the dates
of the table. So every file that the strategy opens while it is loaded and tried is noted with its
content, and so is every module from its folder.

- Python tells of each file that is opened (audit events, PEP 578). Compiled readers that open files
  without Python (Arrow's, for example) do not tell; what they read is not covered.
- A strategy that asks the network or starts a program can say another thing every time. It is
  refused.
"""

import hashlib
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from engine.domain.errors import InvalidValueError

_FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec")
_MACHINERY = frozenset({".py", ".pyc", ".pyi", ".so", ".nbi", ".nbc", ".pth"})
_BEING_WRITTEN = re.compile(r"\.(pyc\.\d+|nb[ic]\.tmp\.[0-9a-f]+)$")
"""Ends of the names under which Python and numba keep compiled code until it is whole."""
_OF_THE_MACHINE = tuple(
    f"{folder}/"
    for folder in ("/proc", "/sys", "/dev", "/usr", "/etc", sys.prefix, sys.base_prefix)
)


@dataclass(slots=True)
class Sources:
    """The files that were opened while somebody watched, by path."""

    paths: set[Path] = field(default_factory=set)

    def digest(self, folder: Path) -> bytes:
        """Digest of the contents of all files and of the modules that lie in ``folder``.

        Where a file lies does not count: the same strategy in another folder is the same.
        """
        found = {path.name: path for path in (*self.paths, *_modules_in(folder))}
        made = hashlib.sha256()
        for name, path in sorted(found.items()):
            content = path.read_bytes() if path.is_file() else b""
            made.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        return made.digest() if found else b""


@contextmanager
def watched() -> Iterator[Sources]:
    """Note what this thread opens; ``InvalidValueError`` inside if it reaches for the network."""
    _listen()
    before, _Watch.current.sources = _sources(), Sources()
    try:
        yield _Watch.current.sources
    finally:
        _Watch.current.sources = before


class _Watch:
    """Whose files are noted, per thread."""

    current = threading.local()


def _sources() -> Sources | None:
    found: Sources | None = getattr(_Watch.current, "sources", None)
    return found


@cache
def _listen() -> None:
    """Begin to hear of opened files; Python offers no way to stop, so it happens once."""
    sys.addaudithook(_heard)


def _heard(event: str, args: tuple[object, ...]) -> None:
    sources = _sources()
    if sources is None:
        return
    if event.startswith(_FORBIDDEN):
        raise InvalidValueError("strategy file", "without network and other programs", event)
    if event == "open" and args and isinstance(args[0], str | bytes):
        path = Path(args[0] if isinstance(args[0], str) else args[0].decode(errors="replace"))
        if not _is_compiled(path) and not str(path).startswith(_OF_THE_MACHINE):
            sources.paths.add(path.absolute())


def _is_compiled(path: Path) -> bool:
    """Whether Python or numba opens it of itself, to keep code or to run it."""
    return path.suffix in _MACHINERY or _BEING_WRITTEN.search(path.name) is not None


def _modules_in(folder: Path) -> Iterator[Path]:
    """Sources of the loaded modules that lie in a folder or below it."""
    home = folder.resolve()
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if not isinstance(name, str) or not name.endswith(".py"):
            continue
        path = Path(name).resolve()
        inside = path.is_relative_to(home) and "site-packages" not in path.parts
        if inside and not path.is_relative_to(_HOUSE):
            yield path


_HOUSE = Path(__file__).resolve().parents[3]
"""The program's own folder: its sources count in the digest of the rules that use them."""
