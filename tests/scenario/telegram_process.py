"""The desk as its owner starts it, driven through Telegram only: `cryptotrader run`.

A `Home` is a folder with a configuration file and a database; each `run` in it is a process of its
own, talking to the loopback Bot API. What it did is read from the database, beside it or after it.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import tomli_w

from db.unit_of_work import SqlUnits
from engine.desk.queries import entry_id
from engine.domain.approvals import Approval
from engine.domain.desk import AuditEvent, MessageState
from engine.domain.ids import DecisionId, IntentId
from engine.domain.lifecycles import OrderState
from engine.domain.orders import Fill, Order, Purpose
from engine.domain.portfolio import Position
from tests.servers.telegram import Message, TelegramServer, User

VENUE = "sim"
APPROVE = "✅ Approve"
START_S = 110.0
"""The decision path may have to be compiled first."""
SOON_S = 30.0
_STOP_S = 30.0
_CODE = re.compile(r"/start (\S+)")
_LOG_CHARS = 4_000
_EVERYTHING = 100_000
_MARKETS = {"kind": "simulated", "symbols": ["LINK/USDT", "AVAX/USDT", "XRP/USDT"]}

type Sections = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the database says happened; its audit chain was verified by reading it."""

    approvals: tuple[Approval, ...]
    orders: Mapping[str, tuple[Order, ...]]
    unfinished: tuple[Order, ...]
    fills: tuple[Fill, ...]
    positions: tuple[Position, ...]
    guards: int
    actions: tuple[AuditEvent, ...]
    outbox: Mapping[MessageState, int]
    desk_money: Mapping[str, object]
    venue_money: Mapping[str, object]

    @property
    def waiting(self) -> int:
        """Messages that have not reached their end."""
        states = (MessageState.PENDING, MessageState.AMBIGUOUS)
        return sum(self.outbox.get(state, 0) for state in states)

    def count(self, action: str) -> int:
        """How many audit lines tell of this."""
        return sum(event.action == action for event in self.actions)

    def entries(self, approval: Approval) -> tuple[Order, ...]:
        """Every order that the decision behind a question ever led to."""
        assert approval.decision_id is not None
        return self.orders[approval.decision_id]

    def fills_of(self, approval: Approval) -> tuple[Fill, ...]:
        """The fills of these orders."""
        numbers = {order.id for order in self.entries(approval)}
        return tuple(fill for fill in self.fills if fill.order_id in numbers)

    def assert_agree(self) -> None:
        """Ledger, positions, protections and venue tell of the same money."""
        assert dict(self.desk_money) == dict(self.venue_money)
        held = {position.symbol.base: position.quantity for position in self.positions}
        assert {name: n for name, n in self.desk_money.items() if name != "USDT"} == held
        assert self.guards == len(self.positions)
        sent = [o for o in self.unfinished if o.state is not OrderState.AWAITING_APPROVAL]
        assert all(order.intent.purpose is Purpose.PROTECTION for order in sent)


@dataclass(slots=True, kw_only=True)
class Running:
    """One process of the desk."""

    server: TelegramServer
    process: subprocess.Popen[bytes]
    said: Path
    logged: Path

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.said.read_text()

    @property
    def pairing_code(self) -> str | None:
        """The code it has printed, once it has."""
        found = _CODE.search(self.output)
        return found and found[1]

    def until[T](self, predicate: Callable[[], T | None], timeout_s: float = SOON_S) -> T:
        """The predicate's value once it is true; fails at once if the process has ended."""

        def found() -> T | None:
            assert self.process.poll() is None, "the desk has ended"
            return predicate()

        return self.server.wait_for(found, timeout_s)

    def question(
        self,
        user: User,
        *,
        text: str = "",
        but: Sequence[str] = (),
        timeout_s: float = START_S,
    ) -> Message:
        """The oldest card with this text that waits for an answer, about no symbol of ``but``."""

        def found() -> Message | None:
            waiting = [m for m in user.chat.messages() if APPROVE in m.labels and text in m.text]
            return next((m for m in waiting if m.text.split()[0] not in but), None)

        return self.until(found, timeout_s)

    def message(self, user: User, text: str) -> Message:
        """The newest message in a person's chat that has this text."""
        return self.until(
            lambda: next((m for m in reversed(user.chat.messages()) if text in m.text), None)
        )

    def shown(self, message: Message, text: str) -> Message:
        """A message seen before, once it shows this text."""
        self.until(lambda: text in self.server.current(message).text)
        return self.server.current(message)

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more when this returns."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, as a service manager would; it ends by itself and well."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(_STOP_S) == 0, self.logged.read_text()[-_LOG_CHARS:]


@dataclass(slots=True, kw_only=True)
class Home:
    """A folder to run the desk in; ``settings`` are sections of its file, over the test's own."""

    folder: Path
    database_url: str
    server: TelegramServer
    owners: tuple[User, ...] = ()
    settings: Sections = field(default_factory=dict)
    _runs: int = 0

    def __post_init__(self) -> None:
        own: dict[str, dict[str, object]] = {
            "app": {"data_dir": "var"},
            "database": {"url": self.database_url},
            "telegram": {
                "token": self.server.token,
                "base_url": self.server.base_url.removesuffix("/bot"),
                "owners": [owner.id for owner in self.owners],
                "poll_timeout_s": 2,
                "request_timeout_s": 5.0,
            },
            "strategy": {"min_rank_fraction": 0.5},
            "schedule": {"expiry_every_s": 0.5, "monitor_every_s": 1.0},
            "health": {"enabled": False},
        }
        for name, values in self.settings.items():
            own[name] = {**own.get(name, {}), **values}
        venue = {**_MARKETS, **own.pop("markets", {}), "simulation": own.pop("simulation", {})}
        sections = {**own, "venues": {VENUE: venue}}
        (self.folder / "cryptotrader.toml").write_text(tomli_w.dumps(sections))

    @contextmanager
    def run(self, role: str = "all") -> Iterator[Running]:
        """A process of the desk, dead at the end of the block."""
        self._runs += 1
        said, logged = (self.folder / f"{name}-{self._runs}" for name in ("said", "logged"))
        with said.open("wb") as out, logged.open("wb") as err:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("cryptotrader")), "run", "--role", role],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        running = Running(server=self.server, process=process, said=said, logged=logged)
        try:
            yield running
        finally:
            running.kill()
            # Shown by pytest with a test that fails.
            print(f"--- {role} {self._runs}:", logged.read_text()[-_LOG_CHARS:])  # noqa: T201

    def _environment(self) -> dict[str, str]:
        """Without the developer's own desk in it."""
        return {k: v for k, v in os.environ.items() if not k.startswith("CRYPTOTRADER_")}

    def books(self) -> Books:
        """What the database says now."""
        with (
            closing(SqlUnits(self.database_url)) as units,
            units(read_only=True) as unit,
        ):
            approvals = tuple(reversed(unit.approvals.recent(_EVERYTHING)))
            decisions = {a.decision_id for a in approvals if a.decision_id is not None}
            lines = unit.audit.tail(unit.audit.verify() or 1)
            return Books(
                approvals=approvals,
                orders={one: tuple(_orders(unit.orders.get, one)) for one in decisions},
                unfinished=tuple(unit.orders.unfinished()),
                fills=tuple(unit.orders.recent_fills(_EVERYTHING)),
                positions=tuple(unit.book.positions(VENUE)),
                guards=len(unit.paper.open()),
                actions=tuple(line.event for line in reversed(lines)),
                outbox=dict(unit.outbox.counts()),
                desk_money=dict(unit.book.balances(VENUE)),
                venue_money={c: n for c, n in unit.paper.balances(VENUE).items() if n},
            )


def _orders(get: Callable[[IntentId], Order | None], decision: DecisionId) -> Iterator[Order]:
    attempt = 0
    while (order := get(entry_id(decision, attempt))) is not None:
        yield order
        attempt += 1
