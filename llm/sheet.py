"""Decision record → fact sheet.

Pure: the same decision and language give the same sheet. Every number is copied from the record or
derived from it here, exactly (``Decimal``), and shown through ``llm/formats``. Names that come from
a venue are cleaned and capped, because they end up in a prompt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from engine.domain.decisions import CheckRecord, Decision, OrderPlan
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode, VerdictCode
from engine.domain.signals import Signal
from llm.facts import Fact, FactSheet, Language, State, Unit
from llm.formats import exact, number, percent
from llm.text import clean
from llm.wording import load, state_stems

_TOP = 3
_HUNDRED = Decimal(100)
_BPS = Decimal(10_000)
_NAME_CHARS = 40
_VALUE_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """How a check's numbers are told: their unit, the factor to it, and which side passes."""

    unit: Unit
    scale: Decimal = Decimal(1)
    passes_below: bool = True


# Checks that are a plain yes or no are not here, nor is the risk size, which fails for several
# reasons that its two numbers do not tell apart.
_GATES = {
    "cooldown": _Gate(unit=Unit.MINUTES, scale=Decimal(1) / 60_000),
    "daily_count": _Gate(unit=Unit.COUNT),
    "daily_loss": _Gate(unit=Unit.PERCENT, scale=_HUNDRED),
    "drawdown": _Gate(unit=Unit.PERCENT, scale=_HUNDRED),
    "clamps": _Gate(unit=Unit.PLAIN, passes_below=False),
    "cost": _Gate(unit=Unit.BPS),
    "net_edge": _Gate(unit=Unit.BPS, passes_below=False),
}


def fact_sheet(decision: Decision, language: Language) -> FactSheet:
    """Everything that may be said about a decision, in a language."""
    builder = _Builder(decision, language)
    return FactSheet(
        subject=decision.id,
        language=language,
        facts=tuple(builder.facts()),
        states=tuple(
            State(id=name, holds=holds, phrases=state_stems(name))
            for name, holds in _states(decision).items()
        ),
        drivers=builder.drivers,
        reason=decision.reason.label,
        gate=gate.name if (gate := _gate(decision)) else "",
    )


def _gate(decision: Decision) -> CheckRecord | None:
    """The check that stopped it, if one did and can be told in numbers."""
    failed = (c for c in decision.checks if c.verdict is VerdictCode.FAILED)
    gate = next(failed, None)
    return gate if decision.route is RouteCode.REFUSE else None


def _states(decision: Decision) -> dict[str, bool]:
    direction = decision.score.direction if decision.score else 0
    side = {signal.code: signal.side for signal in decision.signals}
    return {
        "bullish": direction > 0,
        "bearish": direction < 0,
        "short_position": False,
        "entry": decision.action is ActionCode.ENTER and decision.route is not RouteCode.REFUSE,
        "exit": decision.action is ActionCode.EXIT,
        "stop_moves": decision.action is ActionCode.AMEND_STOP,
        "refused": decision.route is RouteCode.REFUSE,
        "automatic": decision.route is RouteCode.AUTO,
        "executed": False,
        "calibrated": decision.is_calibrated,
        "uncalibrated": decision.action is ActionCode.ENTER and not decision.is_calibrated,
        "oversold": side.get("RSI") == 1,
        "overbought": side.get("RSI") == -1,
        "uptrend": side.get("MA") == 1,
        "downtrend": side.get("MA") == -1,
        "breakout": side.get("HL", 0) != 0 or side.get("ATR", 0) != 0,
        "clamped": any(clamp.after < clamp.before for clamp in decision.clamps),
    }


class _Builder:
    """Makes facts of one decision in one language."""

    def __init__(self, decision: Decision, language: Language) -> None:
        self._decision = decision
        self._language = language
        self._words = load(language)
        self._quote = clean(decision.symbol.quote, _NAME_CHARS)
        score = decision.score
        ranked = sorted(
            (c for c in (score.contributions if score else ()) if c.points),
            key=lambda c: (-abs(c.points), c.code),
        )
        self._total = sum((abs(c.points) for c in ranked), Decimal(0))
        self._ranked, self._top = ranked, ranked[:_TOP]

    @property
    def drivers(self) -> tuple[str, ...]:
        """Ids of the strongest contributions, strongest first."""
        return tuple(f"{c.code.lower()}_points" for c in self._top)

    def facts(self) -> Iterator[Fact]:
        """All facts, in the order in which a person would ask."""
        decision = self._decision
        yield self._text("symbol", str(decision.symbol))
        yield self._text("timeframe", decision.timeframe.value)
        if decision.close_price is not None:
            yield self._price("close_price", decision.close_price)
        yield self._money("equity", decision.equity_quote)
        yield from self._score()
        yield from self._drivers()
        yield from self._signals()
        if decision.plan is not None:
            yield from self._plan(decision.plan)
        yield from self._cost_and_edge()
        yield from self._gate()
        if decision.new_stop_price is not None:
            yield self._price("new_stop_price", decision.new_stop_price)

    def _score(self) -> Iterator[Fact]:
        score = self._decision.score
        if score is None:
            return
        yield self._points("score", score.signed)
        if score.rank_n:
            rank, needed = score.rank_fraction * 100, score.threshold_rank_fraction * 100
            yield self._percent("rank", rank, places=1)
            yield self._count("rank_n", score.rank_n)
            yield self._percent("rank_threshold", needed, places=1)
            if self._decision.reason is ReasonCode.BELOW_THRESHOLD and needed > rank:
                yield self._percent("rank_gap", needed - rank, places=_gap_places(needed - rank))
        yield self._percent("agreement", score.agreement_fraction * 100, places=0)

    def _drivers(self) -> Iterator[Fact]:
        for contribution in self._ranked:
            code = contribution.code
            share = abs(contribution.points) / self._total * _HUNDRED
            yield self._points(f"{code.lower()}_points", contribution.points, code, "points")
            yield self._percent(f"{code.lower()}_share", share, 1, code, "share")
        if self._top:
            together = sum((abs(c.points) for c in self._top), Decimal(0))
            yield self._percent("top_share", together / self._total * _HUNDRED, places=0)

    def _signals(self) -> Iterator[Fact]:
        seen: set[str] = set()
        counted = {c.code for c in self._ranked}
        for signal in self._decision.signals:
            if signal.code in counted:
                yield from self._signal(signal, seen)

    def _signal(self, signal: Signal, seen: set[str]) -> Iterator[Fact]:
        for name, raw in signal.values:
            value = Decimal(f"{raw:.{_VALUE_DIGITS}g}") if raw == raw else None  # noqa: PLR0124 - NaN
            fact_id = f"{signal.code.lower()}_{name}".replace(".", "_")
            if value is None or not value.is_finite() or fact_id in seen:
                continue
            seen.add(fact_id)
            yield Fact(
                id=fact_id,
                label=self._label("value", signal.code, name.replace("_", " ")),
                aliases=self._aliases(signal.code),
                owner=signal.code,
                display=exact(value, self._language),
                unit=Unit.PLAIN,
                value=value,
            )

    def _plan(self, plan: OrderPlan) -> Iterator[Fact]:
        equity, entry = self._decision.equity_quote, plan.reference_price
        yield self._fact("quantity", plan.quantity, Unit.BASE, exact(plan.quantity, self._language))
        yield self._price("entry_price", entry)
        yield self._money("notional", plan.notional_quote)
        yield self._money("risk", plan.risk_quote)
        if equity > 0:
            yield self._percent("notional_share", plan.notional_quote / equity * 100)
            yield self._percent("risk_share", plan.risk_quote / equity * 100)
        stop = plan.exit_plan.stop_price
        yield self._price("stop_price", stop)
        yield self._percent("stop_distance", (entry - stop) / entry * 100)
        yield self._price("stop_distance_quote", entry - stop)
        yield from self._target(plan)
        if plan.exit_plan.max_bars is not None:
            yield self._count("max_bars", plan.exit_plan.max_bars)
        yield from self._clamps(plan)

    def _target(self, plan: OrderPlan) -> Iterator[Fact]:
        target, entry = plan.exit_plan.take_profit_price, plan.reference_price
        if target is None:
            return
        gain, loss = target - entry, entry - plan.exit_plan.stop_price
        yield self._price("target_price", target)
        yield self._percent("target_distance", gain / entry * 100)
        yield self._price("target_distance_quote", gain)
        yield self._money("reward", gain * plan.quantity)
        if loss > 0:
            ratio = gain / loss
            yield self._fact("reward_risk", ratio, Unit.RATIO, number(ratio, 2, self._language))

    def _clamps(self, plan: OrderPlan) -> Iterator[Fact]:
        before = max((c.before for c in self._decision.clamps), default=plan.quantity)
        if before > plan.quantity:
            yield self._percent("size_cut", (before - plan.quantity) / before * 100, places=1)

    def _cost_and_edge(self) -> Iterator[Fact]:
        cost, edge, plan = self._decision.cost, self._decision.edge, self._decision.plan
        if cost is not None:
            yield self._bps("cost", cost.total_bps)
            yield self._bps("fee", cost.fee_bps)
            yield self._bps("spread", cost.spread_bps)
            yield self._bps("slippage", cost.slippage_bps)
            if plan is not None:
                yield self._money("cost_quote", cost.total_bps * plan.notional_quote / _BPS)
        if edge is not None:
            yield self._bps("edge", edge.edge_bps, signed=True)
            if edge.net_edge_bps is not None and edge.net_edge_low_bps is not None:
                yield self._bps("net_edge", edge.net_edge_bps, signed=True)
                yield self._bps("net_edge_low", edge.net_edge_low_bps, signed=True)
            yield self._count("edge_n", edge.n)

    def _gate(self) -> Iterator[Fact]:
        record = _gate(self._decision)
        gate = _GATES.get(record.name) if record else None
        if record is None or gate is None or record.limit is None:
            return
        yield self._in_unit("gate_limit", record.limit, gate)
        if record.value is None:
            return
        yield self._in_unit("gate_value", record.value, gate)
        over = record.value - record.limit if gate.passes_below else record.limit - record.value
        if over > 0:
            yield self._in_unit("gate_distance", over, gate)

    def _in_unit(self, fact_id: str, raw: Decimal, gate: _Gate) -> Fact:
        value = raw * gate.scale
        match gate.unit:
            case Unit.COUNT:
                return self._count(fact_id, int(value))
            case Unit.PERCENT:
                return self._percent(fact_id, value)
            case Unit.BPS:
                return self._bps(fact_id, value)
            case Unit.MINUTES:
                text = f"{number(value, 0, self._language)} min"
                return self._fact(fact_id, value, Unit.MINUTES, text)
            case _:
                return self._fact(fact_id, value, gate.unit, exact(value, self._language))

    def _text(self, fact_id: str, text: str) -> Fact:
        display = clean(text, _NAME_CHARS)
        label = self._words.phrase("facts", fact_id)
        return Fact(id=fact_id, label=label, display=display, unit=Unit.TEXT)

    def _price(self, fact_id: str, value: Decimal) -> Fact:
        return self._fact(fact_id, value, Unit.PRICE, exact(value, self._language))

    def _money(self, fact_id: str, value: Decimal) -> Fact:
        text = f"{number(value, 2, self._language)} {self._quote}"
        return self._fact(fact_id, value, Unit.QUOTE, text)

    def _bps(self, fact_id: str, value: Decimal, *, signed: bool = False) -> Fact:
        text = f"{number(value, 1, self._language, signed=signed)} bps"
        return self._fact(fact_id, value, Unit.BPS, text)

    def _count(self, fact_id: str, value: int) -> Fact:
        text = number(Decimal(value), 0, self._language)
        return self._fact(fact_id, Decimal(value), Unit.COUNT, text)

    def _points(self, fact_id: str, value: Decimal, owner: str = "", template: str = "") -> Fact:
        text = number(value, 2 if owner else 1, self._language, signed=True)
        return self._fact(fact_id, value, Unit.POINTS, text, owner, template)

    def _percent(
        self, fact_id: str, value: Decimal, places: int = 2, owner: str = "", template: str = ""
    ) -> Fact:
        text = percent(value, places, self._language)
        return self._fact(fact_id, value, Unit.PERCENT, text, owner, template)

    def _fact(
        self,
        fact_id: str,
        value: Decimal,
        unit: Unit,
        display: str,
        owner: str = "",
        template: str = "",
    ) -> Fact:
        phrase = self._words.phrase("facts", fact_id)
        return Fact(
            id=fact_id,
            label=self._label(template, owner, "") if owner else phrase,
            aliases=self._aliases(owner) if owner else (),
            display=display,
            unit=unit,
            value=value,
            owner=owner,
        )

    def _aliases(self, code: str) -> tuple[str, ...]:
        names = self._words.phrase("indicators", code)
        return tuple(dict.fromkeys([code, *(name.strip() for name in names.split(","))]))

    def _label(self, template: str, code: str, value: str) -> str:
        name = self._words.phrase("indicators", code).split(",")[0]
        return self._words["facts"][template].format(name=name, value=value)


def _gap_places(gap: Decimal) -> int:
    """One decimal, or as many as show that the gap is not zero."""
    return next((places for places in range(1, 4) if round(gap, places) > 0), 3)
