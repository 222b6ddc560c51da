"""Clamps: limits that shrink a size and never raise it.

Each returns whole lots, so a size that equals its limit passes and a rounding error of a float
cannot take a lot away.
"""

from engine.kernel import floor_count, lean

_SURELY = 1.0 + 1e-9


@lean
def within_room(lots: int, room_quote: float, lot_quote: float) -> int:
    """Return at most `lots`, as many as fit into `room_quote` at `lot_quote` each."""
    if not (room_quote > 0.0 and lot_quote > 0.0):
        return 0
    if lots * lot_quote * _SURELY <= room_quote:  # most limits do not bind: spare the division
        return lots
    return min(lots, floor_count(room_quote / lot_quote))


@lean
def within_count(lots: int, open_positions: int, max_open_positions: int) -> int:
    """Return `lots` if one more position is allowed, else 0."""
    return lots if open_positions < max_open_positions else 0


@lean
def within_volume(lots: int, volume: float, lot_size: float, max_fraction: float) -> int:
    """Return at most `lots`, no more than `max_fraction` of the bar's `volume` (base units)."""
    if not volume > 0.0:
        return 0
    return min(lots, floor_count(max_fraction * volume / lot_size))


@lean
def meets_minimum(lots: int, lot_quote: float, min_lots: int, min_notional_quote: float) -> bool:
    """Tell whether a venue accepts the size; exactly the minimum is accepted."""
    if lots < 1 or lots < min_lots:
        return False
    return bool(lots * lot_quote >= min_notional_quote * (1.0 - 1e-12))
