"""Which strategy version a desk trades and a backtest plays, and what people changed in the chat.

settings (a name or a file) → overrides over them → version → the stored weights of its lineage, if
a person made some active → what the settings alter. Rehearsal, backtest and desk all choose here.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from config import Settings
from config.sections import StrategySettings
from engine.desk.overrides import layered
from engine.desk.steering import MODE_KEY, STRATEGY_KEY, Configured
from engine.domain.desk import Mode
from engine.domain.desk import WeightSet as StoredWeights
from engine.domain.errors import ConfigurationError, InvalidValueError, UsageError
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.ports import Clock, Units
from engine.strategy.shipped import DEFAULT_STRATEGY, shipped_strategies
from engine.strategy.version import StrategyVersion, lineage_of
from engine.strategy.weights import WeightSet
from main.command_line import parse_timeframe

_SHOWN = "score"


def chosen_strategy(
    settings: Settings,
    units: Units | None = None,
    *,
    spec: str | None = None,
    timeframe: str | None = None,
    simulated: bool = False,
) -> StrategyVersion:
    """The version to use; ``spec`` (a name or a file) and ``timeframe`` go before the settings.

    The settings' own thresholds and exits belong to the configured strategy: one that was asked
    for by ``spec`` comes as it is. ``simulated`` says that the desk runs on a made-up market.
    Raises ``UsageError`` and what a strategy file raises.
    """
    chosen = settings.strategy
    made = named_strategy(spec) if spec else configured_strategy(settings, simulated=simulated)
    if units is not None:
        made = made.altered(weights=active_weights(units, made))
    if spec:
        return made.altered(timeframe=parse_timeframe(timeframe)) if timeframe else made
    return made.altered(
        timeframe=parse_timeframe(timeframe) if timeframe else chosen.timeframe,
        entry=chosen.entry_over(made.entry),
        exits=settings.exits,
    )


def configured_strategy(settings: Settings, *, simulated: bool = False) -> StrategyVersion:
    """The strategy that the settings name, without what they alter.

    Where they name none, the default; a simulated market is there to show the desk, and gets the
    one that decides more often.
    """
    chosen, otherwise = settings.strategy, _SHOWN if simulated else DEFAULT_STRATEGY
    return named_strategy(str(chosen.file) if chosen.file else chosen.name or otherwise)


def configured_of(settings: Settings, *, simulated: bool = False) -> Configured:
    """What the settings say about strategy, limits and mode, as the desk steers by it."""

    def adjust(made: StrategyVersion) -> StrategyVersion:
        chosen = settings.strategy
        return made.altered(
            timeframe=chosen.timeframe, entry=chosen.entry_over(made.entry), exits=settings.exits
        )

    return Configured(
        strategy=configured_strategy(settings, simulated=simulated),
        policies=settings.policy,
        mode=settings.trading.mode,
        adjust=adjust,
        offered=shipped_strategies(),
    )


def in_force(settings: Settings, units: Units) -> Settings:
    """The settings with what people changed in the chat over them.

    Thresholds and exits of the settings go with the strategy that the settings name.
    """
    with units(read_only=True) as unit:
        overrides = {one.key: one for one in unit.overrides.all()}
    if not overrides:
        return settings
    policies = layered(settings.policy, overrides.values())
    changes: dict[str, object] = {
        "risk": policies.risk,
        "automation": policies.automation,
        "approval": policies.approval,
    }
    if mode := overrides.get(MODE_KEY):
        changes["trading"] = replace(settings.trading, mode=Mode(mode.value))
    named = overrides.get(STRATEGY_KEY)
    if named and named.value != traded_strategy(settings).name:
        changes |= {"strategy": StrategySettings(name=named.value), "exits": None}
    return settings.model_copy(update=changes)


def traded_strategy(settings: Settings) -> StrategyVersion:
    """The strategy of the desk on its venue, without what the settings alter."""
    simulated = settings.venue(settings.venue_name).kind == "simulated"
    return configured_strategy(settings, simulated=simulated)


def decision_timeframe(settings: Settings) -> Timeframe:
    """On which candles the desk decides."""
    return settings.strategy.timeframe or traded_strategy(settings).timeframe


def named_strategy(spec: str) -> StrategyVersion:
    """A shipped strategy by its name or version, or the one of a file."""
    shipped = shipped_strategies()
    for made in shipped.values():
        if spec in {made.name, made.version}:
            return made
    if not spec.endswith(".py"):
        raise UsageError(
            f"strategy {spec!r} is neither a file ending in .py nor one of {', '.join(shipped)}"
        )
    from engine.proof.admission.strategy_file import load_strategy

    return load_strategy(Path(spec))


def active_weights(units: Units, strategy: StrategyVersion) -> WeightSet:
    """The weights a person made active for this lineage, else those the version came with.

    A file keeps its own: they are part of its source, and older ones would rename the edition.
    """
    if strategy.is_from_file:
        return strategy.weights
    with units(read_only=True) as unit:
        rows = [row for row in unit.weights.all() if row.active]
    for row in rows:
        if lineage_of(row.version) == strategy.name:
            return WeightSet(version=row.version, weights=row.weights)
    return strategy.weights


def keep_version(units: Units, wall: Clock, strategy: StrategyVersion) -> StrategyVersion:
    """Write the weights of a lineage down when the desk first trades it, and make them active.

    Those of a file stand in the file: neither kept nor put before what a person approved.
    """
    if strategy.is_from_file:
        return strategy
    with units() as unit:
        stored = unit.weights.all()
        if not any(lineage_of(row.version) == strategy.name for row in stored):
            unit.weights.add(
                StoredWeights(
                    version=strategy.weights.version,
                    weights=dict(strategy.weights.weights),
                    note="shipped with the program",
                    created_at=wall.now(),
                )
            )
            unit.weights.activate(strategy.weights.version)
            unit.commit()
    return strategy


def require_causal_on_candles(
    strategy: StrategyVersion, histories: Mapping[Symbol, CandleSeries]
) -> None:
    """Try a strategy from a file on the candles it is about to be played over.

    ``ConfigurationError`` if it looks ahead on them, whatever it did on made-up ones. Shipped
    strategies are tried in the tests.
    """
    if not strategy.is_from_file:
        return
    from engine.proof.admission.lookahead import require_causal_on

    try:
        require_causal_on(strategy, histories)
    except InvalidValueError as err:
        raise ConfigurationError(f"strategy file is refused: {err}") from err
