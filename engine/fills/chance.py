"""Seeded chance from keys: the same seed, symbol and moment give the same number everywhere.

A hash rather than a stream, so that what one order draws does not depend on the orders before it;
the paper venue and the backtest then agree although they meet orders at different times. Products
stay below 2**63, so that compiled and plain Python integers agree.
"""

from engine.kernel import lean

_MODULUS = 2_147_483_647  # 2**31 - 1, prime
_LOW = 0x7FFFFFFF


@lean
def mix(state: int, key: int) -> int:
    """Return `state` (0 to 2**31 - 2) stirred with an integer key."""
    mixed = ((state ^ (key & _LOW)) * 1_203_248_318 + 12_345) % _MODULUS
    mixed ^= mixed >> 15
    mixed = ((mixed ^ ((key >> 31) & _LOW)) * 397_204_094 + 54_321) % _MODULUS
    mixed ^= mixed >> 13
    return (mixed * 2_027_812_808 + 98_765) % _MODULUS


@lean
def uniform(seed: int, symbol_key: int, moment_ms: int, draw: int) -> float:
    """Return a number in [0, 1) that depends on nothing but its arguments."""
    state = mix(mix(mix(mix(1, seed), symbol_key), moment_ms), draw)
    return state / _MODULUS
