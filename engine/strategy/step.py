"""The one decision path: rows of all symbols at one close, and the book → an outcome each.

Flow: symbols that have nothing to propose are settled at once; positions are judged for exits; what
remains is sorted by score, then symbol, and taken through the checks one after the other, sharing
cash and limits. The live desk calls `step` once per close; the compiled loop of the backtest calls
the same parts and leaves out only the copying of bars that decide nothing. Nothing else decides.

`step` reads rows, markets, book and policy and writes only to `decided`. Before it is called the
fills of the closed bar are in the book, `bars_held` counts that bar, `last_close` and `last_volume`
are its, and `mark_equity` has seen it.

An entry that is refused keeps the action `ENTER`: it says what was proposed, the route what became
of it. A symbol whose bar is late or quarantined is refused without a proposal (`NONE`). On spot a
negative score opens nothing; it closes what is held.
"""

import math

import numpy as np

from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.kernel import Records, at_most, compiled, inlined
from engine.strategy.book import Book, Decided, Outcome, Row, Slot, Terms, open_budget
from engine.strategy.packing import StepPolicy
from engine.strategy.step_entry import judge_entry
from engine.strategy.step_exits import judge_position


@inlined
def idle_reason(
    is_here: bool,  # noqa: FBT001 (compiled code takes no keywords)
    regime: int,
    score: float,
    rank_fraction: float,
    last_close: float,
    min_rank_fraction: float,
    min_score: float,
) -> int:
    """Return why a flat symbol proposes nothing, or `NONE` if it proposes an entry.

    `is_here` is false for a late or blocked bar. That is no reason here: a symbol with a history is
    proposed, so that the refusal and its check are recorded. Numbers go in, not records, so that
    the replay can ask before it has copied a bar.
    """
    why = ReasonCode.NONE.value
    if not is_here:
        if not last_close > 0.0:
            why = ReasonCode.NO_HISTORY.value
    elif regime < 0 or math.isnan(score):
        why = ReasonCode.WARMING_UP.value
    elif (
        score == 0.0
        or not at_most(min_rank_fraction, rank_fraction)
        or not at_most(min_score, abs(score))
    ):
        why = ReasonCode.BELOW_THRESHOLD.value
    elif score < 0.0:
        why = ReasonCode.SPOT_NEVER_SHORT.value
    return why


@inlined
def settle_held(row: Row, slot: Slot, terms: Terms, policy: StepPolicy, outcome: Outcome) -> None:
    """Write the outcome of a symbol that is held."""
    outcome.action, outcome.route, outcome.proposed = ActionCode.NONE, RouteCode.NONE, False
    if row.present and not row.blocked:
        judge_position(row, slot, terms, policy.exits, outcome)
    else:
        outcome.lots = 0
        outcome.reason = ReasonCode.DATA_LATE if not row.blocked else ReasonCode.DATA_QUARANTINED


@inlined
def settle(
    i: int,
    rows: Records[Row],
    markets: Records[Terms],
    book: Book,
    policy: StepPolicy,
    decided: Decided,
) -> bool:
    """Settle a symbol that proposes no entry; return whether it was settled."""
    row, slot, outcome = rows[i], book.slots[i], decided.outcomes[i]
    if slot.lots > 0:
        settle_held(row, slot, markets[i], policy, outcome)
        return True
    outcome.action, outcome.route, outcome.proposed = ActionCode.NONE, RouteCode.NONE, False
    outcome.lots = 0
    outcome.reason = idle_reason(
        row.present and not row.blocked,
        row.regime,
        row.score,
        row.rank_fraction,
        slot.last_close,
        policy.min_rank_fraction,
        policy.min_score,
    )
    return bool(outcome.reason != ReasonCode.NONE)


@compiled
def sort_proposals(rows: Records[Row], count: int, decided: Decided) -> None:
    """Put the first `count` of `order` into order of score, best first, then of symbol."""
    strength = np.empty(count)
    for k in range(count):
        row = rows[decided.order[k]]
        strength[k] = -row.score if row.present and row.score > 0.0 else 0.0
    decided.order[:count] = decided.order[:count][np.argsort(strength, kind="mergesort")]


@inlined
def judge_entries(
    proposals: int,
    rows: Records[Row],
    markets: Records[Terms],
    book: Book,
    policy: StepPolicy,
    now_ms: int,
    decided: Decided,
) -> None:
    """Take the first `proposals` of `decided.order` through the checks, best first."""
    if proposals > 1:
        sort_proposals(rows, proposals, decided)
    if proposals > 0:
        open_budget(markets, book, policy, decided, -1)
    for k in range(proposals):
        judge_entry(decided.order[k], rows, markets, book, policy, now_ms, decided)


@inlined
def step(
    rows: Records[Row],
    markets: Records[Terms],
    book: Book,
    policy: StepPolicy,
    now_ms: int,
    decided: Decided,
) -> int:
    """Decide for all symbols at the close `now_ms`; return how many entries were proposed.

    Their symbols stand in `decided.order`, best first; the outcomes of all in `decided.outcomes`.
    """
    proposals = 0
    for i in range(len(rows)):
        if not settle(i, rows, markets, book, policy, decided):
            decided.order[proposals] = i
            proposals += 1
    judge_entries(proposals, rows, markets, book, policy, now_ms, decided)
    return proposals
