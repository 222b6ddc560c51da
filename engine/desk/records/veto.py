"""The veto ledger: what saying no was worth, in totals a person can check.

results of shadows → totals by who and why, each with its interval → ``VetoView``. A loss that was
not made counts as saved; fees and slippage are in it. Few results are called few.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from engine.desk.context import DeskContext
from engine.desk.records.currency import last_close
from engine.domain.shadows import (
    ShadowResult,
    ShadowState,
    ShadowTrade,
    Veto,
    VetoTotal,
    VetoView,
    total_of,
)
from engine.ports import UnitOfWork

NEWEST = 10
NO_REASON = "none"


def veto_view(context: DeskContext) -> VetoView:
    """The ledger as it stands; open shadows are valued at the last closes."""
    with context.units(read_only=True) as unit:
        results = tuple(unit.shadows.results(context.venue))
        unfinished = unit.shadows.unfinished(context.venue)
        open_pnl = sum((_open_pnl(context, unit, one) for one in unfinished), Decimal(0))
    ended = sorted(
        (one for one in results if one.state is ShadowState.CLOSED),
        key=lambda one: one.closed_at or one.vetoed_at,
    )
    rejected = [one for one in ended if one.veto is Veto.REJECTED]
    return VetoView(
        quote=context.quote,
        total=total_of("all", [one.pnl_quote for one in ended]),
        by_veto=_split(ended, lambda one: one.veto.value),
        by_why=_split(rejected, lambda one: one.note or NO_REASON),
        by_person=_split(rejected, lambda one: str(one.decided_by)),
        waiting=sum(one.state is ShadowState.WAITING for one in results),
        open=sum(one.state is ShadowState.OPEN for one in results),
        open_pnl_quote=open_pnl,
        void=sum(one.state is ShadowState.VOID for one in results),
        results=tuple(ended),
        newest=tuple(reversed(results[-NEWEST:])),
    )


def _split(
    ended: Iterable[ShadowResult], key: Callable[[ShadowResult], str]
) -> tuple[VetoTotal, ...]:
    """Totals by a key, the largest group first."""
    groups: dict[str, list[Decimal]] = {}
    for one in ended:
        groups.setdefault(key(one), []).append(one.pnl_quote)
    totals = [total_of(name, amounts) for name, amounts in groups.items()]
    return tuple(sorted(totals, key=lambda total: (-total.n, total.name)))


def _open_pnl(context: DeskContext, unit: UnitOfWork, shadow: ShadowTrade) -> Decimal:
    """What has been closed of it already and what the rest is worth; nothing without a price."""
    position = shadow.position
    if position is None:
        return Decimal(0)
    price, _ = last_close(unit, context.venue, shadow.symbol, context.clock.now())
    rest = position.pnl_quote(price) if price is not None else Decimal(0)
    return shadow.pnl_quote + rest
