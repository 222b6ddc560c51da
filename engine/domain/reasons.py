"""The words of the decision path as small numbers: what was decided, where it goes, and why.

The compiled `step` stores these numbers, because compiled code knows no strings. `label` is the
stable text id: the database and JSON store it, and the chat room keeps its words under it. A number
keeps its meaning for good.
"""

from enum import IntEnum


class _Code(IntEnum):
    """A number of the kernel with a stable text id."""

    @property
    def label(self) -> str:
        """The lower-case text id under which words and counts of this code are kept."""
        return self.name.lower()


class ActionCode(_Code):
    """What a decision does to the position of its symbol."""

    NONE = 0
    ENTER = 1
    EXIT = 2
    AMEND_STOP = 3


class RouteCode(_Code):
    """Where a decision goes next."""

    NONE = 0  # nothing was proposed
    REFUSE = 1
    ASK = 2
    AUTO = 3


class RuleCode(_Code):
    """A person's standing rule for one symbol."""

    ALLOW = 0
    ASK = 1
    DENY = 2


class SizingCode(_Code):
    """How the amount at risk is found (`RiskPolicy.sizing`)."""

    FIXED_FRACTION = 0
    KELLY = 1
    VOLATILITY_TARGET = 2


class UncalibratedCode(_Code):
    """What happens to an entry whose edge has not been measured yet."""

    REFUSE = 0
    ASK = 1
    AUTO = 2


class VerdictCode(_Code):
    """The outcome of one check; `NOT_REACHED` follows the first failure."""

    NOT_REACHED = 0
    PASSED = 1
    FAILED = 2
    UNKNOWN = 3  # an edge that has not been measured
    ASK = 4


class CheckCode(_Code):
    """The checks of an entry, in the order in which they are made."""

    KILL_SWITCH = 0
    DESK_PAUSED = 1
    DATA_FRESH = 2
    SYMBOL_RULE = 3
    COOLDOWN = 4
    DUPLICATE = 5
    DAILY_COUNT = 6
    DAILY_LOSS = 7
    DRAWDOWN = 8
    RISK_SIZE = 9
    CLAMPS = 10
    COST = 11
    NET_EDGE = 12


class ClampCode(_Code):
    """The clamps of a size, in the order in which they are applied; they only shrink."""

    SYMBOL_NOTIONAL = 0
    EXPOSURE = 1
    OPEN_POSITIONS = 2
    CLUSTER = 3
    LIQUIDITY = 4
    CASH = 5


class RecheckCode(_Code):
    """What became of a decided entry when it was looked at again."""

    OK = 0
    CHANGED = 1  # the person must be asked again, with the new price and size
    REFUSED = 2


class ReasonCode(_Code):
    """Why: one code for every decision, refusal, exit and failed order."""

    NONE = 0

    # Nothing is proposed.
    NO_HISTORY = 1  # no bar of this symbol has been seen yet
    WARMING_UP = 2
    BELOW_THRESHOLD = 3
    HOLDING = 4
    SPOT_NEVER_SHORT = 5

    # An entry is proposed.
    ENTER_AUTO = 10
    ASK_ABOVE_QUOTE = 11
    ASK_ABOVE_EQUITY = 12
    ASK_SYMBOL_RULE = 13
    ASK_UNCALIBRATED = 14
    ASK_CAUTION = 15

    # An entry is refused.
    KILLED = 20
    DESK_PAUSED = 21
    DATA_LATE = 22
    DATA_QUARANTINED = 23
    SYMBOL_DENIED = 24
    COOLING_DOWN = 25
    DUPLICATE = 26
    DAILY_COUNT_REACHED = 27
    DAILY_LOSS_REACHED = 28
    DRAWDOWN_LATCHED = 29
    NO_STOP_DISTANCE = 30  # without a stop there is no risk to size by
    NO_RISK_BUDGET = 31
    BELOW_MINIMUM = 32
    SYMBOL_NOTIONAL_FULL = 33
    EXPOSURE_FULL = 34
    POSITIONS_FULL = 35
    CLUSTER_FULL = 36
    NO_LIQUIDITY = 37
    NO_CASH = 38
    COST_UNKNOWN = 39
    COST_TOO_HIGH = 40
    EDGE_TOO_SMALL = 41
    UNCALIBRATED_REFUSED = 42

    # A decided entry comes to nothing, or to a fresh question.
    NO_FRESH_PRICE = 50
    PRICE_DRIFTED = 51
    SIZE_SHRUNK = 52
    STOP_PASSED = 53  # the price is already at or below the stop of the plan
    NOT_APPROVED = 54
    QUESTION_EXPIRED = 55
    INSUFFICIENT_FUNDS = 56
    NO_DEPTH = 57
    VENUE_AWAY = 58  # it has not been heard since the start, so its rules are not known

    # A position is reduced or protected; no check stops these.
    EXIT_CUSTOM = 60
    EXIT_SCORE = 61
    EXIT_TIME = 62
    EXIT_UNFINISHED = 63  # the rest of an exit that was filled in part
    STOP_HIT = 64
    TRAILING_STOP_HIT = 65
    TARGET_HIT = 66
    TRAIL_STOP = 67  # the stop follows the price
    EXIT_MANUAL = 68
