"""Open positions with their distances, and where their stops may go."""

from decimal import Decimal

from bot.channel import Button
from bot.messages.amounts import behind, in_r, marks
from bot.messages.callbacks import ClosePosition, swap_chart
from bot.messages.callbacks_records import MoveStop, ShowPositions, ShowStops
from bot.messages.markup import Html
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.desk import Role
from engine.domain.ids import IntentId
from engine.domain.records import PositionView, StopChoice

_BUTTONS = 20


def render_positions(telling: Telling) -> Rendered:
    """Every open position, with buttons that close that one, or move its stop, and no other's."""
    view = telling.desk.portfolio()
    words = telling.words
    if not view.positions:
        return Rendered(text=words("positions.none"))
    can_act = telling.reader is None or telling.reader.role is not Role.VIEWER
    timeframe = telling.desk.status().timeframe
    return Rendered(
        text=lines(
            words("positions.head", count=len(view.positions)),
            marks(words, view),
            *(_block(words, one) for one in view.positions),
            words(
                "positions.risk",
                risk=words.money(view.at_risk_quote, view.portfolio.quote),
                share=words.percent(view.at_risk_fraction, digits=2),
            ),
        ),
        keyboard=tuple(
            (
                *(_acting(words, one) if can_act else ()),
                button(
                    f"{words.raw('buttons.chart')} {one.symbol.base}",
                    swap_chart(one.symbol, timeframe),
                ),
            )
            for one in view.positions[:_BUTTONS]
        ),
    )


def render_stops(telling: Telling) -> Rendered:
    """Where the stop of one position may go; each button shows the price it moves it to."""
    view = telling.desk.records.stops(IntentId(telling.text("order_id")))
    if view is None:
        return render_positions(telling)
    words, one = telling.words, view.position
    return Rendered(
        text=lines(
            words("stops.head", symbol=one.symbol),
            words(
                "stops.now",
                stop=words.price(one.stop_price, one.price),
                share=words.percent(one.stop_fraction, digits=2, signed=True),
                price=words.price(one.price, one.stop_price),
                age=words.clock(one.priced_at),
            ),
            *(_choice(words, one, choice) for choice in view.choices),
            words("stops.none") if not view.choices else "",
            words("stops.typed", base=one.symbol.base, price=example_stop(one)),
        ),
        keyboard=(
            *(
                (
                    button(
                        f"{words.raw(f'stops.{choice.kind}')} "
                        f"{words.price(choice.price, one.price, one.stop_price)}",
                        MoveStop(one.entry_order_id, choice.price),
                    ),
                )
                for choice in view.choices
            ),
            (button(words.raw("buttons.back"), ShowPositions()),),
        ),
    )


def example_stop(one: PositionView) -> str:
    """A price between the stop and the market's, which the command would take; as it is typed."""
    step = min(one.price, one.stop_price, key=lambda price: price.as_tuple().exponent)
    half = ((one.stop_price + one.price) / 2).quantize(step)
    return f"{half.normalize():f}"


def _acting(words: Words, one: PositionView) -> tuple[Button, ...]:
    base = one.symbol.base
    return (
        button(f"{words.raw('buttons.close')} {base}", ClosePosition(one.entry_order_id)),
        button(f"{words.raw('buttons.stop')} {base}", ShowStops(one.entry_order_id)),
    )


def _block(words: Words, one: PositionView) -> Html:
    quote = one.symbol.quote
    return lines(
        words(
            "positions.held",
            symbol=one.symbol,
            quantity=words.quantity(one.quantity),
            base=one.symbol.base,
            value=words.money(one.value_quote, quote),
        ),
        words(
            "positions.prices",
            entry=words.price(one.entry_price, one.price),
            price=words.price(one.price, one.entry_price),
            age=words.clock(one.priced_at),
            since=words.moment(one.opened_at),
        ),
        words(
            "positions.result",
            pnl=words.money(one.pnl_quote, quote, signed=True),
            share=words.percent(one.pnl_fraction, digits=2, signed=True),
            multiple=_multiple(words, one.r_multiple),
        ),
        words(
            "positions.stop",
            price=words.price(one.stop_price, one.price, one.entry_price),
            share=words.percent(one.stop_fraction, digits=2, signed=True),
            multiple=_multiple(words, one.stop_r),
            risk=words.money(one.at_risk_quote, quote),
        ),
        _target(words, one),
    )


def _multiple(words: Words, value: Decimal | None) -> Html:
    return Html("") if value is None else behind(in_r(words, value))


def _target(words: Words, one: PositionView) -> Html:
    if one.target_price is None or one.target_fraction is None:
        return Html("")
    return words(
        "positions.target",
        price=words.price(one.target_price, one.price),
        share=words.percent(one.target_fraction, digits=2, signed=True),
        multiple=_multiple(words, one.target_r),
    )


def _choice(words: Words, one: PositionView, choice: StopChoice) -> Html:
    away = (choice.price - one.price) / one.price
    return words(
        "stops.choice",
        name=words(f"stops.{choice.kind}"),
        price=words.price(choice.price, one.price, one.stop_price),
        share=words.percent(away, digits=2, signed=True),
    )
