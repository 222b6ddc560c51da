"""What the screens of a walk on the market share: where they are, and the buttons that lead on.

list → card → chart, why, costs → back, in one message. The place and the list behind it stand in
the payload of the message and in the data of every button.
"""

from datetime import datetime

from bot.channel import Button
from bot.messages.callbacks_alerts import OfferLevels, market_code
from bot.messages.callbacks_explorer import (
    Look,
    OpenCard,
    OpenChart,
    OpenCosts,
    OpenList,
    OpenWhy,
    Ref,
    read_wish,
)
from bot.messages.rendered import Telling, button
from bot.messages.words import Words
from engine.domain.errors import InvalidValueError
from engine.domain.explorer import Place, Wish
from engine.domain.market import Symbol, Timeframe

USUAL_AMOUNT = 1000


def place_of(telling: Telling) -> Place | None:
    """The place a message speaks of; ``None`` for one that is written wrongly."""
    frame, at = telling.text("timeframe"), telling.text("at")
    try:
        return Place(
            symbol=Symbol.parse(telling.text("symbol")),
            timeframe=Timeframe(frame) if frame else None,
            at=datetime.fromisoformat(at) if at else None,
        )
    except (InvalidValueError, ValueError):
        return None


def list_of(telling: Telling) -> Wish | None:
    """The list that is behind a screen, if one is."""
    return read_wish(telling.text("list"))


def marked(label: str, *, on: bool) -> str:
    """The label of a button that is switched on or off."""
    return f"✓ {label}" if on else label


def chosen(label: str, *, on: bool) -> str:
    """The label of one of several buttons of which one is chosen."""
    return f"· {label} ·" if on else label


def to_list(words: Words, behind: Wish | None) -> tuple[Button, ...]:
    """The way back to the list, where one is behind."""
    return () if behind is None else (button(words.raw("buttons.list"), OpenList(behind)),)


def to_card(words: Words, place: Place, behind: Wish | None) -> Button:
    """The way to the card of a place."""
    return button(words.raw("buttons.card"), OpenCard(Ref.of(place), behind))


def to_why(words: Words, place: Place, behind: Wish | None) -> Button:
    """The way to the explanation of a place."""
    return button(words.raw("buttons.why"), OpenWhy(Ref.of(place), behind))


def to_chart(words: Words, place: Place, frame: Timeframe, behind: Wish | None) -> Button:
    """The way to the chart of a place."""
    return button(words.raw("buttons.chart"), OpenChart(Ref.of(place), Look(frame), behind))


def to_costs(words: Words, place: Place, behind: Wish | None) -> Button:
    """The way to the costs at a place."""
    return button(words.raw("buttons.costs"), OpenCosts(Ref.of(place), USUAL_AMOUNT, behind))


def to_alert(words: Words, symbol: Symbol, frame: Timeframe) -> Button:
    """The way to lines that an alert can be set on."""
    return button(words.raw("buttons.alert"), OfferLevels(frame, market_code(symbol)))
