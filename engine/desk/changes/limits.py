"""Limits and the mode, as people change them.

A limit that makes the desk more careful is lowered at once; one that lets it risk more is asked.
Which way is which stands in one table; a limit that is not in it is asked either way. So is how
long a question lasts: where the desk buys at its end, a shorter question means buying unasked.

To real money there is no button: the wish is refused with what is missing.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from engine.desk.changes.levers import Applied, Planned, Refusal, put_override
from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk
from engine.desk.overrides import OFF, SECTIONS, limit_keys, read_value, write_value, written
from engine.desk.proofs import current_proof, held_of, noted_drift
from engine.desk.questions import Question, QuestionKeeper
from engine.desk.steering import MODE_KEY, chosen_now
from engine.domain.changes import Change, ChangeWish, LimitRow
from engine.domain.desk import Mode
from engine.domain.errors import InvalidValueError
from engine.domain.lifecycles import ApprovalState
from engine.domain.research import DriftState
from engine.domain.values import require
from engine.ports import UnitOfWork
from engine.strategy.owner import terms_digest
from engine.strategy.policy import TradingPolicy

FILE = "file"
"""Wished for in place of a value: what the configuration file says."""

_MORE = "more"
_LESS = "less"
_RISKIER: Mapping[str, str | tuple[str, ...]] = {
    "risk.risk_fraction": _MORE,
    "risk.max_risk_fraction": _MORE,
    "risk.kelly_multiplier": _MORE,
    "risk.volatility_target_fraction": _MORE,
    "risk.max_symbol_fraction": _MORE,
    "risk.max_exposure_fraction": _MORE,
    "risk.max_open_positions": _MORE,
    "risk.max_cluster_fraction": _MORE,
    "risk.max_bar_volume_fraction": _MORE,
    "risk.max_daily_loss_fraction": _MORE,
    "risk.max_drawdown_fraction": _MORE,
    "automation.max_entries_per_day": _MORE,
    "automation.cooldown_after_exit_bars": _LESS,
    "automation.cooldown_after_loss_bars": _LESS,
    "automation.cooldown_after_refusal_bars": _LESS,
    "automation.min_net_edge_bps": _LESS,
    "automation.uncalibrated_paper": ("ask", "auto"),
    "automation.uncalibrated_live": ("refuse", "ask"),
    "approval.ask_above_quote": _MORE,
    "approval.ask_above_equity_fraction": _MORE,
    "approval.quorum_above_quote": _MORE,
    "approval.quorum": _LESS,
    "approval.totp_above_quote": _MORE,
    "approval.max_drift_bps": _MORE,
    "approval.on_expiry": ("skip", "smaller", "limit"),
}
"""In which direction a limit lets the desk risk more; words stand from careful to risky.

``off`` is the riskiest value of an amount above which somebody has to agree.
"""

_DECIDES_REASON = (
    "approval.ask_above_quote",
    "approval.ask_above_equity_fraction",
    "automation.uncalibrated_paper",
    "automation.uncalibrated_live",
)
"""Limits that also decide for which reason an entry is asked, and so what its expiry does."""

_LEAST: Mapping[str, int] = {"approval.expires_after_s": 60}
"""Bounds of what people set, beside those of the policies: a question has to be answerable."""


class LimitLever:
    """One number of the sections ``risk``, ``automation`` and ``approval``."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """``subject`` is the key, dotted or not where there is only one; ``value`` the new one."""
        configured = self._context.steering.configured
        chosen = chosen_now(unit, configured)
        key = find_key(chosen.policies, wish.subject)
        if key is None:
            return Refusal(reason="unknown_limit", values={"key": wish.subject})
        before = written(chosen.policies, key)
        text = written(configured.policies, key) if wish.value == FILE else wish.value
        try:
            policies, after = with_value(chosen.policies, key, text)
            if wish.value != FILE:
                _require_least(key, after)
        except InvalidValueError as err:
            return Refusal(
                reason="bad_value", values={"key": key, "value": wish.value, "detail": str(err)}
            )
        is_careful = not (raises_risk(key, before, after) or _moves_expiry(chosen.policies, key))
        terms = terms_digest(chosen.policies), terms_digest(policies)
        held = held_of(self._context, chosen.strategy)
        proof = current_proof(unit, replace(held, terms=terms[0]))
        return Planned(
            before={"key": key, "value": before},
            after={"key": key, "value": after},
            evidence={"file": written(configured.policies, key), "ends_proof": _ends(proof, terms)},
            is_careful=is_careful,
            needs_code=not is_careful,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """A row over the file, or none where the file says so itself."""
        key, value = str(change.after["key"]), str(change.after["value"])
        file_value = written(self._context.steering.configured.policies, key)
        put_override(unit, change, applied, key=key, value=value, file_value=file_value)


def _require_least(key: str, value: str) -> None:
    least = _LEAST.get(key)
    if least is not None:
        require(int(value) >= least, key.partition(".")[2], f">= {least}", value)


def _moves_expiry(policies: TradingPolicy, key: str) -> bool:
    """Whether another reason to ask may let the desk buy an entry at its expiry.

    An entry that is asked for its amount is not asked for its market's rule any more: where the
    reasons end differently, even a lower threshold may turn nothing into a purchase.
    """
    policy = policies.approval
    rules = policy.on_expiry_rules.items()
    ends = {policy.on_expiry, *(word for rule, word in rules if "/" not in rule)}
    return key in _DECIDES_REASON and len(ends) > 1


def _ends(proof: object, terms: tuple[str, str]) -> bool:
    """Whether a verdict that counts now would not count any more."""
    return proof is not None and terms[0] != terms[1]


class ModeLever:
    """``alert`` or ``paper``; ``live`` is refused with what is missing."""

    def __init__(self, context: DeskContext, entries: EntryDesk) -> None:
        self._context = context
        self._keeper = QuestionKeeper(context, entries)

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """To alerts only is at once; to trading is asked."""
        if wish.value not in set(Mode):
            return Refusal(reason="unknown_mode", values={"mode": wish.value})
        wanted = Mode(wish.value)
        if wanted is Mode.LIVE:
            return Refusal(reason=self._not_live(unit))
        now = chosen_now(unit, self._context.steering.configured).mode
        return Planned(
            before={"value": now.value},
            after={"value": wanted.value},
            is_careful=wanted is Mode.ALERT,
            needs_code=now is Mode.LIVE,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """A row over the file; open questions about orders end where nothing is traded."""
        value = str(change.after["value"])
        file_value = self._context.steering.configured.mode.value
        put_override(unit, change, applied, key=MODE_KEY, value=value, file_value=file_value)
        if value != Mode.ALERT.value:
            return
        for approval in unit.approvals.pending():
            order = unit.orders.get(approval.order_id)
            assert order is not None  # a question is stored with its order
            question = Question(approval=approval, order=order, quote=None)
            self._keeper.end(unit, question, ApprovalState.SUPERSEDED, note="alert_mode")

    def _not_live(self, unit: UnitOfWork) -> str:
        context = self._context
        chosen = chosen_now(unit, context.steering.configured)
        proof = current_proof(unit, held_of(context, chosen.strategy))
        if proof is None or not proof.passed:
            return "live_unproved"
        drift = noted_drift(unit, context.venue, proof)
        if drift is None or drift.state is DriftState.TOO_EARLY:
            return "live_too_early"
        return "live_not_built" if drift.state is DriftState.INSIDE else "live_apart"


def find_key(policies: TradingPolicy, text: str) -> str | None:
    """The limit a text names, by its dotted key or by its name where only one has it."""
    wanted, known = text.strip().lower(), limit_keys(policies)
    if wanted in known:
        return wanted
    found = [key for key in known if key.partition(".")[2] == wanted]
    return found[0] if len(found) == 1 else None


def with_value(policies: TradingPolicy, key: str, text: str) -> tuple[TradingPolicy, str]:
    """The policies with one limit changed, and the limit as it is written then."""
    section, _, name = key.partition(".")
    policy = getattr(policies, section)
    value = read_value(type(policy), name, text)
    changed = replace(policies, **{section: replace(policy, **{name: value})})
    return changed, write_value(value)


def raises_risk(key: str, before: str, after: str) -> bool:
    """Whether the desk may risk more by this change of a limit; the same value does not."""
    riskier = _RISKIER.get(key)
    if before == after:
        return False
    if riskier is None:
        return True
    if isinstance(riskier, tuple):
        return riskier.index(after) > riskier.index(before)
    if OFF in (before, after):
        return after == OFF
    grows = Decimal(after) > Decimal(before)
    return grows if riskier == _MORE else not grows


def limit_rows(context: DeskContext, unit: UnitOfWork, section: str) -> tuple[LimitRow, ...]:
    """The limits of a section, each with where its value comes from."""
    configured = context.steering.configured
    policies = chosen_now(unit, configured).policies
    overrides = {one.key: one for one in unit.overrides.all()}
    return tuple(
        LimitRow(
            key=key,
            value=written(policies, key),
            file_value=written(configured.policies, key),
            override=overrides.get(key),
        )
        for key in limit_keys(policies)
        if section in (key.partition(".")[0], "") or section not in SECTIONS
    )
