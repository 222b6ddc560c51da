"""The other side of a measured chat: starts the service, reads its log, presses buttons."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from engine.domain.errors import DataError

_WAIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of the desk as the service saw it; ``at_s`` is the machine's monotonic clock."""

    at_s: float
    method: str
    chat_id: int
    message_id: int
    query_id: str
    buttons: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A press on its way, and when it was handed to the service."""

    query_id: str
    at_s: float


class ServiceClient:
    """Talks to one ``chat_service``. Synchronous; call it from a thread."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self._read = 0

    def log(self) -> list[Call]:
        """The calls since the last ``skip``, oldest first."""
        return [Call(**one) for one in self._ask(f"/log?after={self._read}")]

    def skip(self) -> None:
        """Leave what is there now out of later logs."""
        self._read += len(self.log())

    def press(self, chat_id: int, message_id: int, data: str) -> Pressed:
        """Press a button as the person of this chat."""
        given = {"chat_id": chat_id, "message_id": message_id, "data": data}
        return Pressed(**self._ask("/press", given))

    def _ask(self, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        request = Request(  # noqa: S310 - loopback
            f"{self.base_url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=_WAIT_S) as answer:  # noqa: S310 - loopback
            return json.load(answer)


@contextmanager
def running_service() -> Iterator[ServiceClient]:
    """A service in a process of its own, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "main.bench.chat_service"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None  # asked for above
            port = process.stdout.readline().strip()
            if not port:
                raise DataError("the chat service of the benchmark did not start")
            yield ServiceClient(int(port))
        finally:
            process.kill()
