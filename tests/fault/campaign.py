"""A desk that is killed again and again while people use it, and what is found afterwards.

A seed decides everything: what is asked, who presses what on which card, what is written, and when
the process dies: before or after its n-th commit, or some time after its start.
"""

import random
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace

from bot.messages.callbacks import Answer, decode
from db.unit_of_work import SqlUnits
from engine.domain.desk import MessageState
from tests.fakes.desk_builder import Bench
from tests.fault.checker import findings
from tests.fault.mortal import SYMBOLS, Life, bench_of, start
from tests.servers.telegram import Message, TelegramServer, User
from tests.unit.bot.harness import scored

_MOST_COMMITS = 14
_LONGEST_S = 1.2
_PATIENCE_S = 60.0
_ACTS = 3
_NEWEST = 16
_AT_REST = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a campaign came to; ``findings`` is what must be empty."""

    kills: int
    deaths: Counter[str]
    questions: int
    presses: int
    written: int
    orders: int
    repeats: int
    seconds: float
    findings: list[str]


@dataclass(slots=True)
class Campaign:
    """Parent of the dying processes and hand of the people."""

    server: TelegramServer
    url: str
    seed: int
    deaths: Counter[str] = field(default_factory=Counter)
    presses: int = 0
    written: int = 0

    def run(self, kills: int) -> Outcome:
        """Kill so many times, let the last process come to rest, and look."""
        began_s = time.monotonic()
        chance = random.Random(self.seed)
        users = (self.server.user("Ann"), self.server.user("Ben"))
        life = Life(
            url=self.url,
            token=self.server.token,
            base_url=self.server.base_url,
            began_s=began_s,
            people=tuple((user.id, user.account.first_name) for user in users),
        )
        with closing(SqlUnits(self.url)) as units:
            bench = bench_of(units, life)
            for symbol in SYMBOLS[:_ACTS]:
                bench.propose(scored(bench.decide(symbol, quantity="1")))
            self._calm_life(bench, life)
            for _ in range(kills):
                self._one_life(chance, bench, life, users)
            self._calm_life(bench, life)
            return self._outcome(bench, kills, time.monotonic() - began_s)

    def _one_life(
        self, chance: random.Random, bench: Bench, life: Life, users: tuple[User, ...]
    ) -> None:
        for _ in range(chance.randint(1, _ACTS)):
            self._act(chance, bench, users)
        if chance.random() < _AT_REST:
            self._calm_life(bench, life)
            self.deaths["at rest"] += 1
            return
        kind = chance.choice(("before a commit", "after a commit", "at a moment"))
        commit = 0 if kind == "at a moment" else chance.randint(1, _MOST_COMMITS)
        child = start(replace(life, death=commit, is_after=kind == "after a commit"))
        child.join(chance.uniform(0.05, _LONGEST_S))
        if commit and child.is_alive():
            # Something to do for a process that has not reached its commit yet.
            self._act(chance, bench, users)
            child.join(_LONGEST_S)
        if child.is_alive() and commit:
            kind = "at a moment"
        child.kill()
        child.join()
        self.deaths[kind] += 1

    def _calm_life(self, bench: Bench, life: Life) -> None:
        """One that nobody ends before it has come to rest."""
        child = start(life)
        try:
            self.server.wait_for(lambda: self._is_calm(bench), _PATIENCE_S)
        finally:
            child.kill()
            child.join()

    def _is_calm(self, bench: Bench) -> bool:
        if self.server.pending_updates:
            return False
        with bench.units(read_only=True) as unit:
            counts = unit.outbox.counts()
            waits = counts.get(MessageState.PENDING, 0) + counts.get(MessageState.AMBIGUOUS, 0)
            return not waits and not unit.inbox.pending("telegram", 1)

    # What people and the desk do meanwhile

    def _act(self, chance: random.Random, bench: Bench, users: tuple[User, ...]) -> None:
        user, deed = chance.choice(users), chance.random()
        if deed < 0.4:
            symbol = chance.choice(SYMBOLS)
            bench.propose(scored(bench.decide(symbol, quantity="1")))
        elif deed < 0.85:
            self._press(chance, user)
        else:
            self.written += 1
            words = chance.choice((f"/close {chance.choice(SYMBOLS)}", "/why nothing"))
            user.sends(user.chat, f"{words}{self.written}")

    def _press(self, chance: random.Random, user: User) -> None:
        """One of the buttons that answer a question, sometimes twice."""
        found: list[tuple[Message, str]] = [
            (message, button.data)
            for message in self.server.messages(user.chat)
            for button in message.buttons
            if button.data and isinstance(decode(button.data), Answer)
        ]
        if not found:
            return
        # The newest cards, rather than those that an earlier life could not edit any more.
        message, data = chance.choice(found[-_NEWEST:])
        for _ in range(chance.choice((1, 1, 2))):
            user.presses(message, data)
            self.presses += 1

    def _outcome(self, bench: Bench, kills: int, seconds: float) -> Outcome:
        found = findings(self.url, self.server, kills=kills)
        bench.assert_books_agree()
        return Outcome(
            kills=kills,
            deaths=self.deaths,
            questions=bench.proposed,
            presses=self.presses,
            written=self.written,
            orders=len(bench.fills()),
            repeats=sum("perhaps a repeat" in m.versions[0].text for m in self.server.messages()),
            seconds=seconds,
            findings=found,
        )
