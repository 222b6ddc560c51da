"""Every use case of the desk that changes something, with the least role that may ask for it.

An act is called on a scene in which it has something to do: a question is open, a position held, a
research job waits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pyotp

from engine.desk.delivery.jobs import KnownJob, announce
from engine.desk.desk import Desk
from engine.domain.approvals import Approval
from engine.domain.changes import ChangeKind, ChangeWish, Verdict
from engine.domain.delivery import Loudness, MessageType, QuietHours
from engine.domain.desk import MessageState, OutboxMessage, Role
from engine.domain.ids import IntentId, MessageId
from engine.domain.research import BacktestWish
from engine.domain.secret_text import SecretText
from engine.domain.views import Press
from tests.fakes.desk_builder import BTC, ETH, OWNER, START, VIEWER, Bench, build, rising
from tests.fakes.units import FakeUnits
from tests.unit.bot.harness import scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A desk with something to do for every act."""

    bench: Bench
    units: FakeUnits
    question: Approval
    entry_order_id: IntentId
    job_id: str

    @property
    def desk(self) -> Desk:
        """What front ends call."""
        return self.bench.assembled.desk


@dataclass(frozen=True, slots=True)
class Act:
    """A use case asked for by somebody. ``prepare`` sets up what only this one needs."""

    least: Role
    call: Callable[[Scene, int], object]
    prepare: Callable[[Scene, int], object] = lambda _scene, _by: None


def set_scene(units: FakeUnits) -> Scene:
    """BTC is held, ETH is asked about, a backtest waits."""
    bench = build(units, bars=rising())
    bench.approve(bench.ask(BTC))
    held = bench.position(BTC)
    assert held is not None
    bench.propose(scored(bench.decide(ETH)))
    desk = bench.assembled.desk
    asked = desk.request_backtest(BacktestWish(), OWNER.user_id, chat_id=None, request_id="before")
    assert asked.job is not None
    return Scene(
        bench=bench,
        units=units,
        question=bench.pending()[0],
        entry_order_id=held.entry_order_id,
        job_id=asked.job.id,
    )


def _asked(on: Scene, _by: int) -> None:
    """Somebody wants a limit changed."""
    on.desk.changes.propose(_NEWCOMER, OWNER.user_id, request_id="before")


def _answered(on: Scene, by: int) -> object:
    return on.desk.changes.press(on.desk.changes.open()[0].change.token, Verdict.REJECT, by)


def _alerted(on: Scene, by: int) -> None:
    """A viewer has set an alert."""
    on.desk.alerts.create(_ALERT, VIEWER.user_id, chat_id=VIEWER.chat_id, request_id="before")


def _dropped(on: Scene, by: int) -> object:
    (row,) = on.desk.alerts.listed(VIEWER.user_id).rows
    return on.desk.alerts.change("delete", row.alert.id, by, edition=row.alert.edition)


def _buried(on: Scene, _by: int) -> None:
    """A letter has died, and a job may be asked for."""
    with on.units() as unit:
        unit.outbox.put(
            OutboxMessage(
                id=MessageId("dead"),
                kind="notice",
                subject="dead",
                payload={},
                created_at=on.bench.wall.now(),
                chat_id=OWNER.chat_id,
                state=MessageState.DEAD,
                error="gone",
            )
        )
        announce(unit, [KnownJob(name="closes", every_s=60.0, may_run_now=True)])
        unit.commit()


def _begun(on: Scene, by: int) -> None:
    """A second factor waits for its confirmation."""
    on.desk.factors.begin(by)


def _typed(on: Scene, by: int) -> object:
    """The code of the moment, if there is one."""
    waiting = on.desk.factors.setup(by)
    secret = waiting.secret.reveal().replace(" ", "") if waiting else None
    shown = pyotp.TOTP(secret).at(on.bench.wall.now()) if secret else _CODE.reveal()
    return on.desk.factors.answer(SecretText(shown), by)


def _killed(on: Scene, _by: int) -> None:
    on.desk.kill(OWNER.user_id)
    on.desk.pause(OWNER.user_id)


_NEWCOMER = ChangeWish(kind=ChangeKind.PERSON, subject="424242", value="viewer")
_LIMIT = ChangeWish(kind=ChangeKind.LIMIT, subject="max_open_positions", value="3")
_ALERT = "BTC/USDT > 70000"
_CODE = SecretText("000000")

ACTS: Mapping[str, Act] = {
    "press": Act(
        Role.APPROVER,
        lambda on, by: on.desk.press(on.question.token, Press.APPROVE, by, request_id="1"),
    ),
    "buy": Act(Role.OWNER, lambda on, by: on.desk.buy(ETH, "100", by, request_id="1")),
    "close": Act(Role.APPROVER, lambda on, by: on.desk.close(BTC, by, request_id="1")),
    "pause": Act(Role.APPROVER, lambda on, by: on.desk.pause(by)),
    "resume": Act(Role.OWNER, lambda on, by: on.desk.resume(by), _killed),
    "kill": Act(Role.APPROVER, lambda on, by: on.desk.kill(by)),
    "request_backtest": Act(
        Role.APPROVER,
        lambda on, by: on.desk.request_backtest(BacktestWish(), by, chat_id=None, request_id="1"),
    ),
    "repeat_research": Act(
        Role.APPROVER, lambda on, by: on.desk.repeat_research(on.job_id, "prove", by, chat_id=None)
    ),
    "cancel_research": Act(Role.APPROVER, lambda on, by: on.desk.cancel_research(on.job_id, by)),
    "alerts.create": Act(
        Role.VIEWER,
        lambda on, by: on.desk.alerts.create(_ALERT, by, chat_id=by, request_id="1"),
    ),
    "alerts.change": Act(Role.VIEWER, _dropped, _alerted),
    "alerts.watch": Act(Role.VIEWER, lambda on, by: on.desk.alerts.watch(BTC, by)),
    "changes.invite": Act(Role.OWNER, lambda on, by: on.desk.changes.invite(Role.VIEWER, by)),
    "changes.prefer": Act(Role.VIEWER, lambda on, by: on.desk.changes.prefer("language", "de", by)),
    "changes.propose": Act(
        Role.APPROVER, lambda on, by: on.desk.changes.propose(_LIMIT, by, request_id="1")
    ),
    "changes.press": Act(Role.OWNER, _answered, _asked),
    # A chat is set by its person, and by an owner.
    "delivery.choose": Act(
        Role.VIEWER,
        lambda on, by: on.desk.delivery.choose(by, MessageType.FAILURE, Loudness.OFF, by),
    ),
    "delivery.keep_quiet": Act(
        Role.VIEWER,
        lambda on, by: on.desk.delivery.keep_quiet(by, QuietHours.parse("22:00-07:00"), by),
    ),
    "delivery.mute": Act(
        Role.VIEWER,
        lambda on, by: on.desk.delivery.mute(by, START + timedelta(days=1), by),
    ),
    "delivery.resend": Act(Role.OWNER, lambda on, by: on.desk.delivery.resend(by), _buried),
    "delivery.run_job": Act(
        Role.OWNER, lambda on, by: on.desk.delivery.run_job("closes", by), _buried
    ),
    "factors.begin": Act(Role.APPROVER, lambda on, by: on.desk.factors.begin(by)),
    "factors.answer": Act(Role.APPROVER, _typed, _begun),
    "factors.remove": Act(
        Role.APPROVER, lambda on, by: on.desk.factors.remove(by, code=_CODE), _begun
    ),
    "records.move_stop": Act(
        Role.APPROVER,
        lambda on, by: on.desk.records.move_stop(on.entry_order_id, "97", by),
    ),
    "records.choose_currency": Act(
        Role.OWNER, lambda on, by: on.desk.records.choose_currency("", by)
    ),
}

FOR_ALL = frozenset({"pair", "changes.join", "stranger", "say"})
"""What changes something without a person who may: a code is all that pairing and joining ask for,
one line about a stranger is what the trail is for, and only the front end itself says things."""
