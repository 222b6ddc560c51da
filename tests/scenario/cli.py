"""Starts the program as a user does: its own script, in a folder of its own.

``Cli.run`` waits for an answer, ``Cli.start`` gives a process to talk with, and ``Cli.session``
runs many commands in one process, whose imports (seconds) they share. The environment's
script is started, not ``uv run``: outside the project uv may not find the interpreter. Settings of
whoever runs the tests are kept out.
"""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

SCRIPT = Path(sys.executable).with_name("cryptotrader")
# A first call may compile the decision path, and the machine may be busy.
PATIENCE_S = 100.0
_LOOK_EVERY_S = 0.05
_SESSION = """
import io, json, os, sys
from main.cli import main

def run(words, typed):
    kept = [(number, os.dup(number)) for number in (1, 2)]
    files = [open(f"said-{number}.txt", "w+b") for number in (1, 2)]
    for (number, _), file in zip(kept, files):
        os.dup2(file.fileno(), number)
    sys.stdin = io.StringIO(typed)
    code = main(words)
    sys.stdout.flush(), sys.stderr.flush()
    for number, copy in kept:
        os.dup2(copy, number), os.close(copy)
    said = []
    for file in files:
        file.seek(0)
        said.append(file.read().decode())
        file.close(), os.unlink(file.name)
    return [code, *said]

for line in sys.__stdin__:
    number, *asked = json.loads(line)
    print(json.dumps([number, *run(*asked)]), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the document holds
        """The one document on stdout; whatever stands beside it makes this fail."""
        return json.loads(self.out)

    def ok(self) -> "Answer":
        """Itself, if the command succeeded."""
        assert self.code == 0, f"exit code {self.code}\n{self.out[-2000:]}\n{self.err[-4000:]}"
        return self


@dataclass(slots=True)
class Process:
    """A command that is running; lines of its stdout are collected as they come."""

    popen: "subprocess.Popen[str]"
    log: Path
    lines: list[str] = field(default_factory=list)
    _reader: threading.Thread | None = None

    def listen(self) -> None:
        """Begin to collect."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def say(self, text: str) -> None:
        """Type one line."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(text + "\n")
        self.popen.stdin.flush()

    def hang_up(self) -> None:
        """End of input."""
        assert self.popen.stdin is not None
        self.popen.stdin.close()

    def wait_for(self, text: str, *, after: int = 0, timeout_s: float = PATIENCE_S) -> int:
        """Wait for a line that contains ``text``; returns the number of the line after it."""
        until(
            lambda: (
                any(text in line for line in self.lines[after:]) or self.popen.poll() is not None
            ),
            timeout_s=timeout_s,
            what=lambda: f"{text!r} was not said\n{self.told()}",
        )
        for number, line in enumerate(list(self.lines)):
            if number >= after and text in line:
                return number + 1
        raise AssertionError(f"ended with {self.popen.poll()} before {text!r}\n{self.told()}")

    def stop(self, number: signal.Signals = signal.SIGTERM, *, timeout_s: float = 10.0) -> int:
        """Send a signal; returns the exit code. Fails if the process takes longer."""
        self.popen.send_signal(number)
        code = self.popen.wait(timeout_s)
        if self._reader is not None:
            self._reader.join(5.0)
        return code

    def told(self) -> str:
        """Everything said so far, for a failed test."""
        return "\n".join(self.lines[-60:]) + "\n--- stderr\n" + self.log.read_text()[-4000:]

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line.rstrip("\n"))


@dataclass(frozen=True, slots=True)
class Session:
    """A process that runs one command after the other.

    Commands are numbered: the answer to one whose test ran out of time is not the next one's.
    """

    to_process: IO[str]
    from_process: IO[str]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self, command: str, typed: str = "") -> Answer:
        """Run a command, its words in one text; ``typed`` is its standard input."""
        asked = next(self.numbers)
        self.to_process.write(json.dumps([asked, command.split(), typed]) + "\n")
        self.to_process.flush()
        answered = None
        while answered != asked:
            answered, code, out, err = json.loads(self.from_process.readline())
        return Answer(code=code, out=out, err=err)


@dataclass(frozen=True, slots=True)
class Cli:
    """The program in one folder."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def configure(self, toml: str) -> None:
        """Write ``cryptotrader.toml``."""
        (self.folder / "cryptotrader.toml").write_text(toml)

    def run(self, *words: str, said: str = "", timeout_s: float = PATIENCE_S) -> Answer:
        """Run a command to its end; ``said`` is its standard input."""
        done = subprocess.run(
            [SCRIPT, *words],
            cwd=self.folder,
            env=self._environment(),
            input=said,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """Many commands in one process."""
        popen = subprocess.Popen(
            [sys.executable, "-c", _SESSION],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert popen.stdin is not None
        assert popen.stdout is not None
        with popen:
            yield Session(popen.stdin, popen.stdout)
            popen.stdin.close()

    @contextmanager
    def start(self, *words: str) -> Iterator[Process]:
        """A running command with its standard input held open; killed at the end if it lives."""
        log = self.folder / f"stderr-{len(list(self.folder.glob('stderr-*')))}.log"
        with log.open("w") as errors:
            popen = subprocess.Popen(
                [SCRIPT, *words],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        process = Process(popen=popen, log=log)
        process.listen()
        try:
            yield process
        finally:
            if popen.poll() is None:
                process.stop(signal.SIGKILL)
            for pipe in (popen.stdin, popen.stdout):
                assert pipe is not None
                pipe.close()

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CRYPTOTRADER_")}
        return kept | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"} | self.variables


def until(
    holds: Callable[[], object], *, timeout_s: float = PATIENCE_S, what: Callable[[], str] = str
) -> None:
    """Poll until something holds."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what()}"
        time.sleep(_LOOK_EVERY_S)


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
