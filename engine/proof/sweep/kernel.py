"""One variant of a sweep, compiled: from columns of points to the figures of its result.

points of its rules, weighted → net → the replay's own bars, but only those on which something can
happen, with their scores → equity by day → figures

Choices:
- Every part that decides, fills or books is the replay's. Only its loop is written again, because a
  sweep knows beforehand which bars can propose an entry: a flat book for which nothing waits goes
  straight to the next of them, and a lone position only asks whether a bar does more than mark it.
  Tests hold both loops together to the bit.
- It works without the interpreter's lock and on memory of its own, so that threads share one set of
  columns. The order of every sum is fixed: a number of workers cannot change a result.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.backtest.feed import Feed
from engine.backtest.replay import (
    decide_bar,
    hold_bar,
    mark_bar,
    open_bar,
    rearm_if_due,
)
from engine.backtest.state import ApprovalNumbers, Lane, State, Tally
from engine.domain.reasons import ReasonCode
from engine.fills.book import FillNumbers
from engine.fills.triggers import clear_of
from engine.kernel import Floats, Ints, Records, compiled, inlined, lean
from engine.proof.sweep.summary import TRADES, UNFINISHED, summarise
from engine.risk.drawdown import DAY_MS
from engine.strategy.book import Desk, Row, Slot, Terms, lot_quote
from engine.strategy.packing import StepPolicy
from engine.strategy.score import scaled, score_bars

MANY = 8
"""Versions per call: what is played on is handed over once for all of them."""

BLOCK = 2_048
"""Cells whose nets stay in the nearest cache while rules are added and thresholds compared."""

_NEARLY = 1.0 + 1e-6  # wider than the tolerance with which limits are compared
_ENDLESS = 1 << 62


class Scale(NamedTuple):
    """How net becomes score and rank; only from `least` can it enter, only to `most` leave."""

    scale: float
    grid_net: Floats
    grid_fraction: Floats
    least: float
    most: float


class Numbers(NamedTuple):
    """One version: `which` rows of the columns it uses, `weights` [regime, rule] of them.

    `warm` is the first scored row of each symbol.
    """

    which: Ints
    weights: Floats
    scale: Scale
    warm: Ints
    policy: StepPolicy


class Fresh(NamedTuple):
    """The state before the first bar: what a replay leaves behind is written over with it.

    What `step` wrote down is not here: each decision clears its own place first.
    """

    slots: Records[Slot]
    desk: Records[Desk]
    rows: Records[Row]
    lanes: Records[Lane]
    tally: Records[Tally]


class Place(NamedTuple):
    """What is played on. Columns of the feed are flat: cell = row times symbols plus symbol.

    `columns` are points [rule, cell], `day_ends` the last row of each day (−1 before the first).
    Score and rank of the feed are the worker's own; a score is written when its bar is played.
    """

    feed: Feed
    columns: Floats
    day_ends: Ints
    markets: Records[Terms]
    bar_ms: int
    fills: FillNumbers
    approval: ApprovalNumbers
    days_per_year: float


class Scratch(NamedTuple):
    """A worker's own memory: `state`, every cell's net, the cells that may enter, days' equity.

    `flags` are of one block of cells, `words` the same bytes, eight by eight.
    """

    state: State
    cells: Ints
    nets: Floats
    flags: NDArray[np.uint8]
    words: Ints
    visits: Ints
    daily: Floats


@compiled
def play_variants(
    many: tuple[Numbers, ...],
    count: int,
    place: Place,
    fresh: Fresh,
    scratch: Scratch,
    figures: Floats,
) -> None:
    """Play the first `count` of `MANY` versions and write a row of `FIGURES` for each."""
    for k in range(count):
        renew(fresh, scratch.state)
        play_variant(many[k], place, scratch, figures[k])


@lean
def renew(fresh: Fresh, state: State) -> None:
    """Take everything back that a replay has written and the next one would read."""
    for i in range(len(fresh.slots)):
        state.book.slots[i], state.lanes[i] = fresh.slots[i], fresh.lanes[i]
        state.rows[i] = fresh.rows[i]
        state.queue[i] = 0
    state.book.desk[0], state.tally[0] = fresh.desk[0], fresh.tally[0]
    for k in range(len(state.decided_count)):
        state.decided_count[k] = state.later_count[k] = 0


@lean
def play_variant(numbers: Numbers, place: Place, scratch: Scratch, figures: Floats) -> None:
    """Play one version from a fresh state and write its `FIGURES`."""
    found, visited = choose(numbers, place, scratch)
    ranked = numbers.policy.min_rank_fraction > 0.0  # looked up only where it is asked for
    if ranked:
        rank_chosen(scratch.cells[:found], scratch.nets, numbers.scale, place.feed.rank)
    start = scratch.state.book.desk[0].cash_quote
    done = visit_bars(visited, numbers, place, scratch)
    if ranked:
        for k in range(found):
            place.feed.rank[scratch.cells[k]] = 0.0
    if done:
        summarise(start, place.days_per_year, scratch.daily, scratch.state, figures)
    else:
        figures[TRADES] = UNFINISHED


@compiled
def rank_chosen(cells: Ints, nets: Floats, scale: Scale, rank: Floats) -> None:
    """Write the rank of the chosen cells, by the function that scores every bar of the desk."""
    count = len(cells)
    size = np.abs(nets[cells]).reshape(1, count)
    scored = score_bars(
        np.ones((1, count), np.int8),
        size,
        np.zeros(count, np.int8),
        np.ones((1, 1)),
        scale.scale,
        scale.grid_net,
        scale.grid_fraction,
    )
    rank[cells] = scored[3]


@lean
def choose(numbers: Numbers, place: Place, scratch: Scratch) -> tuple[int, int]:
    """Write every net; list the cells that may enter, and their rows; return how many of each."""
    found, visited = 0, 0
    for begin in range(0, len(scratch.nets), BLOCK):
        nets = scratch.nets[begin : begin + BLOCK]
        weigh(begin, numbers, place, nets)
        flag(nets, numbers.scale.least, scratch.flags)
        found, visited = list_flagged(begin, len(nets), found, visited, numbers, place, scratch)
    return found, visited


@lean
def weigh(begin: int, numbers: Numbers, place: Place, nets: Floats) -> None:
    """Write the nets of the cells from `begin`; the order of the sum is that of the rules."""
    regime = place.feed.regime[begin : begin + len(nets)]
    for k in range(len(numbers.which)):
        points, row = place.columns[numbers.which[k], begin:], numbers.weights[:, k]
        if row[0] == row[1] and row[0] == row[2] and row[0] == row[3]:
            add_evenly(nets, row[0], points, k == 0)
        else:
            for cell in range(len(nets)):
                # A negative regime reads the last weight: such a cell is warming up anyway.
                before = nets[cell] if k > 0 else 0.0
                nets[cell] = before + row[regime[cell]] * points[cell]


@lean
def add_evenly(nets: Floats, weight: float, points: Floats, is_first: bool) -> None:  # noqa: FBT001 (compiled code takes no keywords)
    """Add one rule's points at one weight; the first starts the sum."""
    if is_first:
        for cell in range(len(nets)):
            nets[cell] = weight * points[cell]
    else:
        for cell in range(len(nets)):
            nets[cell] += weight * points[cell]


@lean
def flag(nets: Floats, least: float, flags: NDArray[np.uint8]) -> None:
    """Flag the cells whose net reaches the entry's thresholds."""
    for cell in range(len(nets)):
        flags[cell] = (nets[cell] >= least) & (nets[cell] > 0.0)


@lean
def list_flagged(
    begin: int,
    count: int,
    found: int,
    visited: int,
    numbers: Numbers,
    place: Place,
    scratch: Scratch,
) -> tuple[int, int]:
    """Append the flagged cells from `begin` that are warm, and their rows."""
    symbols = len(numbers.warm)
    for word in range(-(-count // 8)):
        if scratch.words[word] == 0:  # eight cells at once: most of them do not matter
            continue
        for here in range(8 * word, min(8 * word + 8, count)):
            cell = begin + here
            if not scratch.flags[here] or place.feed.regime[cell] < 0:
                continue
            t = cell // symbols
            if t < numbers.warm[cell - t * symbols]:
                continue
            scratch.cells[found] = cell
            found += 1
            if visited == 0 or scratch.visits[visited - 1] != t:
                scratch.visits[visited] = t
                visited += 1
    return found, visited


@lean
def score_at(t: int, s: int, numbers: Numbers, nets: Floats) -> float:
    """Return the score of one cell, NaN while its symbol warms up."""
    cell = t * len(numbers.warm) + s
    return scaled(nets[cell], numbers.scale.scale) if t >= numbers.warm[s] else np.nan


@lean
def visit_bars(visited: int, numbers: Numbers, place: Place, scratch: Scratch) -> bool:
    """Play like `replay.run_bars`, past the bars that change nothing; False if trades ran out."""
    state, daily, feed, day_ends = scratch.state, scratch.daily, place.feed, place.day_ends
    room = len(state.trades) - 2 * len(place.markets)
    desk, tally, visits = state.book.desk[0], state.tally[0], scratch.visits
    t, v, d = 0, 0, 0
    while tally.trades <= room:
        if tally.held <= 1 and tally.queued == 0:
            if tally.held == 0:
                while v < visited and (
                    visits[v] < t or is_refused(visits[v], numbers, place, scratch)
                ):
                    v += 1
                t = visits[v] if v < visited else len(feed.open_ms)
                d = note_days(d, t - 1, desk.equity_quote, day_ends, daily)
            elif not desk.drawdown_latched and feed.funding_bps.shape[0] == 0:
                while v < visited and visits[v] < t:
                    v += 1
                # A lone market that is held proposes nothing; others must have their say.
                is_alone = len(place.markets) == 1 or v == visited
                until = len(feed.open_ms) if is_alone else visits[v]
                t = hold_on(t, until, numbers, place, scratch)
                d = note_days(d, t - 1, desk.equity_quote, day_ends, daily)
        if t == len(feed.open_ms):
            return True
        for s in range(len(place.markets)):
            feed.score[t * len(place.markets) + s] = score_at(t, s, numbers, scratch.nets)
        play_bar(t, numbers.policy, place, state)
        d = note_days(d, t, desk.equity_quote, day_ends, daily)
        t += 1
    return False


@lean
def hold_on(t: int, until: int, numbers: Numbers, place: Place, scratch: Scratch) -> int:
    """Take the one position from row `t` through bars that do no more than mark it.

    Return the first row that may do more, not played yet, or `until`. A bar is passed only if it is
    sure to be such a one: within rounding of a threshold, `play_bar` has its say. The day ends
    here, too.
    """
    feed, symbols, state = place.feed, len(place.markets), scratch.state
    i, begin = 0, t
    while state.book.slots[i].lots == 0:
        i += 1
    slot, terms, desk = state.book.slots[i], place.markets[i], state.book.desk[0]
    if slot.exit_in_flight or slot.exiting != ReasonCode.NONE or desk.drawdown_latched:
        return t
    until = min(until, t + bars_left(slot, numbers.policy.exits.time_stop_bars))
    lots, stop, target, tick = slot.lots, slot.stop_ticks, slot.target_ticks, terms.tick_size
    trails_at = (stop + slot.trail_ticks) * tick if slot.trail_ticks > 0 else np.inf
    midnight_ms = (desk.day + 1) * DAY_MS - place.bar_ms
    risk, cash, flags = numbers.policy.risk, desk.cash_quote, feed.exit_flag.shape[0] > 0
    day_floor = desk.day_start_equity_quote * (1.0 - risk.max_daily_loss_fraction) * _NEARLY
    share = (1.0 - risk.max_drawdown_fraction) * _NEARLY
    equity, peak = desk.equity_quote, desk.peak_equity_quote
    while t < until and feed.open_ms[t] < midnight_ms:
        k = t * symbols + i
        now = cash + lots * lot_quote(terms, feed.close[k])
        top = max(peak, now)
        if (
            not feed.present[k]
            or not clear_of(stop, target, feed.high[k], feed.low[k], tick)
            or not feed.high[k] < trails_at
            or not scratch.nets[k] > numbers.scale.most
            or (flags and feed.exit_flag[k])
            or not now > day_floor
            or not now > top * share
        ):
            break
        equity, peak = now, top
        t += 1
    if t > begin:
        desk.equity_quote, desk.peak_equity_quote = equity, peak
        last = (t - 1) * symbols + i
        slot.last_close, slot.last_volume = feed.close[last], feed.volume[last]
        slot.bars_held += t - begin
    return t


@inlined
def bars_left(slot: Slot, time_stop_bars: int) -> int:
    """How many bars a position is held before the one in which its time is up."""
    return max(0, time_stop_bars - slot.bars_held - 1) if time_stop_bars > 0 else _ENDLESS


@lean
def is_refused(t: int, numbers: Numbers, place: Place, scratch: Scratch) -> bool:
    """Whether a flat book is sure to enter nothing at row `t`, and nothing else happens there.

    The brakes and the day's count refuse everybody, a rest its symbol; a refusal changes nothing.
    """
    book, tally = scratch.state.book, scratch.state.tally[0]
    desk = book.desk[0]
    close_ms, wait_ms = place.feed.open_ms[t] + place.bar_ms, place.approval.rearm_after_ms
    if desk.drawdown_latched and (wait_ms < 0 or close_ms <= tally.latched_ms + wait_ms):
        return True
    full = desk.entries_today >= numbers.policy.routing.max_entries_per_day
    if (full or desk.daily_paused) and close_ms // DAY_MS == desk.day:
        return True
    for s in range(len(place.markets)):
        awake = book.slots[s].cooldown_until_ms <= close_ms
        if awake and score_at(t, s, numbers, scratch.nets) > 0.0:
            return False
    return True


@inlined
def note_days(d: int, t: int, equity: float, day_ends: Ints, daily: Floats) -> int:
    """Write the equity of all days from `d` on that end by row `t`; return the next day."""
    while d < len(day_ends) and day_ends[d] <= t:
        daily[d] = equity
        d += 1
    return d


@inlined
def play_bar(t: int, policy: StepPolicy, place: Place, state: State) -> None:
    """Play one bar in the order of `replay.run_bars`."""
    feed, markets, bar_ms, approval = place.feed, place.markets, place.bar_ms, place.approval
    tally, open_ms, exposure = state.tally[0], feed.open_ms[t], 0.0
    if state.book.desk[0].drawdown_latched:
        rearm_if_due(t, open_ms, False, feed, markets, approval, state)  # noqa: FBT003 (compiled code takes no keywords)
    if tally.held > 0 or tally.queued > 0:
        open_bar(t, feed, markets, bar_ms, policy, place.fills, approval, state)
    if state.book.desk[0].drawdown_latched:
        rearm_if_due(t, open_ms + bar_ms, True, feed, markets, approval, state)  # noqa: FBT003 (as above)
    if tally.held > 0:
        exposure = hold_bar(t, feed, markets, bar_ms, policy, place.fills, state)
    mark_bar(t, exposure, open_ms + bar_ms, policy, state)
    decide_bar(t, feed, markets, bar_ms, policy, approval, state)
