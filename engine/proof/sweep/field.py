"""What all variants of a sweep share, as arrays; and one variant, as numbers.

ground + versions → `Field` (bars, distinct columns of points, distinct exits) + `Variant`s + what
writes each column → a `Bench` per worker plays them one by one

A field is only arrays and plain values, so that it can lie in shared memory or travel to another
machine; a variant is a few dozen numbers. Neither holds a function: what a strategy file computes
is computed once, where the file is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import numpy as np

from engine.backtest.feed import Feed, flattened
from engine.backtest.state import ApprovalNumbers, State, TradeRow, new_state, pack_approval
from engine.fills.book import FillNumbers, pack_fills
from engine.kernel import Bools, Floats, Ints, Records, records
from engine.proof.daily import DAY_MS, DAYS_PER_YEAR, calendar
from engine.proof.ground import Ground, exit_net, least_net
from engine.proof.sweep.kernel import (
    BLOCK,
    MANY,
    Fresh,
    Numbers,
    Place,
    Scale,
    Scratch,
    play_variants,
)
from engine.proof.sweep.summary import FIGURES, TRADES, UNFINISHED
from engine.strategy.book import Terms
from engine.strategy.crossing import LastBar
from engine.strategy.packing import StepPolicy, pack_exits, pack_policy
from engine.strategy.policy import EntryPolicy, ExitPolicy
from engine.strategy.reference import ScoreReference
from engine.strategy.signals import Rule
from engine.strategy.version import ExitRule, StrategyVersion
from engine.strategy.weights import WeightSet

type Spread = Callable[[Callable[[Rule], None], Iterable[Rule]], Iterable[None]]

_TRADES = 1_024


class Field(NamedTuple):
    """The stretch to play. `columns` are points [rule, cell], `exits` flags [exit rule, cell].

    All columns of `feed` are flat; its score and rank are empty, each worker brings its own.
    """

    feed: Feed
    columns: Floats
    exits: Bools
    day_ends: Ints
    markets: Records[Terms]
    before: tuple[LastBar | None, ...]
    bar_ms: int
    cash_quote: float
    policy: StepPolicy
    fills: FillNumbers
    approval: ApprovalNumbers


class Variant(NamedTuple):
    """One version as numbers; `exit_rule` is a row of `Field.exits`, −1 without one."""

    numbers: Numbers
    exit_rule: int


def lay_out(
    ground: Ground,
    versions: Sequence[StrategyVersion],
    *,
    start_ms: int,
    end_ms: int,
    spread: Spread = map,
) -> tuple[Field, list[Variant]]:
    """Turn the versions into numbers; compute every distinct column once.

    `spread` is `map`, or the `map` of a pool of threads that share the work.
    """
    first, last = ground.span(start_ms, end_ms)
    rules: dict[Rule, int] = {}
    exits: dict[ExitRule, int] = {}
    maker = _Maker(ground, first, rules, exits)
    for version in versions:
        maker.note(version)
    cells = (last - first) * len(ground.symbols)
    columns = np.empty((len(rules), cells))

    def write(rule: Rule) -> None:
        columns[rules[rule]] = ground.fresh_points(rule)[first:last].reshape(-1)

    written = spread(write, rules)  # threads have begun; the rest is done meanwhile
    flags = np.zeros((len(exits), cells), np.bool_)
    for rule, row in exits.items():
        flags[row] = ground.exits(rule)[first:last].reshape(-1)
    variants = [maker.variant(version) for version in versions]
    shared = maker.shared(first, last, columns, flags, start_ms, end_ms)
    list(written)
    return shared, variants


class _Maker:
    """Turns versions into numbers; remembers what they share."""

    def __init__(
        self, ground: Ground, first: int, rules: dict[Rule, int], exits: dict[ExitRule, int]
    ) -> None:
        self._ground, self._first, self._rules, self._exits = ground, first, rules, exits
        strategy = ground.plan.strategy
        self._policy = pack_policy(
            strategy.govern(ground.policies),
            timeframe_ms=ground.timeframe.ms,
            venue_is_live=False,
        )
        self._scales: dict[tuple[int, EntryPolicy, ExitPolicy], tuple[ScoreReference, Scale]] = {}
        self._warm: dict[int, Ints] = {}
        self._tables: dict[tuple[int, tuple[str, ...]], tuple[WeightSet, list[int], Floats]] = {}

    def note(self, version: StrategyVersion) -> None:
        """Note the columns that a version needs."""
        _, used, _ = self._table(version)
        for k in used:
            self._rules.setdefault(version.rules[k], len(self._rules))
        if version.exit_rule is not None:
            self._exits.setdefault(version.exit_rule, len(self._exits))

    def variant(self, version: StrategyVersion) -> Variant:
        """Turn a version that was noted into numbers."""
        _, used, weights = self._table(version)
        exit_rule = -1 if version.exit_rule is None else self._exits[version.exit_rule]
        numbers = Numbers(
            which=np.array([self._rules[version.rules[k]] for k in used], np.int64),
            weights=weights,
            scale=self._scale(version),
            warm=self._warm_rows(version),
            policy=self._policy._replace(
                min_rank_fraction=version.entry.min_rank_fraction,
                min_score=version.entry.min_score,
                exits=pack_exits(version.exits),
            ),
        )
        return Variant(numbers=numbers, exit_rule=exit_rule)

    def shared(
        self,
        first: int,
        last: int,
        columns: Floats,
        flags: Bools,
        start_ms: int,
        end_ms: int,
    ) -> Field:
        """Put the shared part together."""
        ground = self._ground
        feed = ground.rows_of_feed(first, last)
        day, count = calendar(start_ms, end_ms)
        days = feed.open_ms // DAY_MS
        ends = np.searchsorted(days, day + np.arange(count), side="right") - 1
        nothing = np.zeros(0)
        feed = feed._replace(score=nothing, rank=nothing)
        return Field(
            feed=flattened(feed),
            columns=columns,
            exits=flags,
            day_ends=ends.astype(np.int64),
            markets=ground.markets,
            before=tuple(ground.before(first)),
            bar_ms=ground.timeframe.ms,
            cash_quote=ground.start_equity,
            policy=self._policy,
            fills=pack_fills(ground.plan.fills),
            approval=pack_approval(ground.plan.approval),
        )

    def _scale(self, version: StrategyVersion) -> Scale:
        key = (id(version.reference), version.entry, version.exits)
        if key not in self._scales:
            frame = version.reference.of(self._ground.timeframe)
            net, fraction = np.array(frame.net), np.array(frame.fractions)
            made = Scale(
                scale=frame.scale,
                grid_net=net,
                grid_fraction=fraction,
                least=least_net(version, frame, net, fraction),
                most=exit_net(version, frame),
            )
            self._scales[key] = (version.reference, made)
        return self._scales[key][1]

    def _table(self, version: StrategyVersion) -> tuple[WeightSet, list[int], Floats]:
        """Weights, the places of the rules that have any, and [regime, such a rule] of them."""
        codes = tuple(rule.code for rule in version.rules)
        key = (id(version.weights), codes)
        if key not in self._tables:
            table = version.weights.table(codes)
            used = np.flatnonzero(table.any(axis=0)).tolist()
            self._tables[key] = (version.weights, used, np.ascontiguousarray(table[:, used]))
        return self._tables[key]

    def _warm_rows(self, version: StrategyVersion) -> Ints:
        warmup = self._ground.warmup_bars(version)
        if warmup not in self._warm:
            rows = np.array(self._ground.warm_rows(version), np.int64)
            self._warm[warmup] = np.maximum(0, rows - self._first)
        return self._warm[warmup]


@dataclass(slots=True)
class Bench:
    """One worker's place: a field and memory of its own, used again for every variant.

    `trades` is room for so many at first; it grows when it must.
    """

    shared: Field
    trades: int = _TRADES
    scratch: Scratch = field(init=False)
    _places: dict[int, Place] = field(init=False, default_factory=dict)
    _fresh: Fresh = field(init=False)

    def __post_init__(self) -> None:
        """Lay the memory out."""
        place = self.shared
        bars, symbols = len(place.feed.open_ms), len(place.markets)
        cells = bars * symbols
        state = _flat_book(place, bars, symbols, self.trades)
        flags = np.zeros(BLOCK, np.uint8)
        self.scratch = Scratch(
            state=state,
            cells=np.zeros(cells, np.int64),
            nets=np.zeros(cells),
            flags=flags,
            words=flags.view(np.int64),
            visits=np.zeros(bars, np.int64),
            daily=np.zeros(len(place.day_ends)),
        )
        self._fresh = _fresh(state)
        feed = place.feed._replace(score=np.zeros(cells), rank=np.zeros(cells))
        self._places[-1] = self._place(feed)
        for row in range(len(place.exits)):
            self._places[row] = self._place(feed._replace(exit_flag=place.exits[row]))

    def play(self, variants: Sequence[Variant]) -> Floats:
        """Return the `FIGURES` of the variants, one row each."""
        figures = np.full((len(variants), len(FIGURES)), UNFINISHED)
        left = list(range(len(variants)))
        while left:
            exit_rule = variants[left[0]].exit_rule
            now = [k for k in left if variants[k].exit_rule == exit_rule][:MANY]
            figures[now] = self._play([variants[k].numbers for k in now], self._places[exit_rule])
            if np.any(figures[now, TRADES] == UNFINISHED):
                more = records(TradeRow, 2 * len(self.scratch.state.trades))
                self.scratch = self.scratch._replace(state=self.scratch.state._replace(trades=more))
            left = [k for k in left if figures[k, TRADES] == UNFINISHED]
        return figures

    def _place(self, feed: Feed) -> Place:
        shared = self.shared
        return Place(
            feed=feed,
            columns=shared.columns,
            day_ends=shared.day_ends,
            markets=shared.markets,
            bar_ms=shared.bar_ms,
            fills=shared.fills,
            approval=shared.approval,
            days_per_year=DAYS_PER_YEAR,
        )

    def _play(self, numbers: list[Numbers], place: Place) -> Floats:
        figures = np.zeros((MANY, len(FIGURES)))
        filled = (*numbers, *[numbers[0]] * (MANY - len(numbers)))
        play_variants(filled, len(numbers), place, self._fresh, self.scratch, figures)
        return figures[: len(numbers)]


def _flat_book(place: Field, bars: int, symbols: int, trades: int) -> State:
    """A state before the first bar, as `replay` makes it."""
    state = new_state(bars, symbols, place.cash_quote, keep_log=False)
    for i in range(symbols):
        row, bar = state.rows[i], place.before[i]
        row.book_slippage_bps = row.edge_bps = row.edge_low_bps = np.nan
        row.win_probability = row.payoff = np.nan
        if bar is not None:
            state.book.slots[i].last_close, state.book.slots[i].last_volume = bar.close, bar.volume
    return state._replace(trades=records(TradeRow, trades + 4 * symbols))


def _fresh(state: State) -> Fresh:
    """A copy of every array that a replay writes and the next one reads."""
    return Fresh(
        slots=_copied(state.book.slots),
        desk=_copied(state.book.desk),
        rows=_copied(state.rows),
        lanes=_copied(state.lanes),
        tally=_copied(state.tally),
    )


def _copied[T](part: Records[T]) -> Records[T]:
    return cast("Records[T]", np.asarray(part).copy().view(np.recarray))
