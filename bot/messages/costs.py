"""What a round trip of a size costs: its parts in basis points and in money, and what beats it."""

from decimal import Decimal, InvalidOperation

from bot.channel import Keyboard
from bot.messages.callbacks_explorer import OpenCosts, Ref
from bot.messages.markup import Html, cut
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.walking import (
    chosen,
    list_of,
    place_of,
    to_card,
    to_chart,
    to_list,
    to_why,
)
from bot.messages.words import Words, addends, money_digits
from engine.domain.explorer import CostsView, NoCosts

_PARTS = ("fee", "spread", "slippage", "funding", "transfer")
_BPS_DIGITS = 1
_SIZES = (100, 1_000, 10_000, 100_000)


def render_costs(telling: Telling) -> Rendered:
    """The costs of ``payload["amount"]`` in the quote currency; buttons try other sizes."""
    words, place = telling.words, place_of(telling)
    amount = _amount(telling.text("amount"))
    if place is None or amount is None:
        name = cut(telling.text("symbol"), 60)
        return Rendered(text=words("costs.unknown_symbol", symbol=name))
    view = telling.desk.explorer.costs(place.symbol, amount)
    text = (
        words(f"costs.{view}", symbol=place.symbol)
        if isinstance(view, NoCosts)
        else lines(*_told(words, view))
    )
    return Rendered(text=text, keyboard=_keyboard(telling, amount))


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _told(words: Words, view: CostsView) -> list[Html]:
    currency, cost = view.symbol.quote, view.cost
    named = [(name, bps) for name in _PARTS if (bps := getattr(cost, f"{name}_bps"))]
    # What is shown adds up to the total that is shown.
    shown = addends([bps for _, bps in named], cost.total_bps, _BPS_DIGITS)
    total_quote = view.money(cost.total_bps)
    digits = money_digits(total_quote)
    amounts = addends([view.money(bps) for _, bps in named], total_quote, digits)
    parts = [
        words(
            "costs.line",
            name=words.raw(f"cost_parts.{name}"),
            bps=_bps(words, bps),
            money=f"{words.number(amount, digits)} {currency}",
        )
        for (name, _), bps, amount in zip(named, shown, amounts, strict=True)
    ]
    needed = words(
        "costs.needed",
        needed=_bps(words, view.needed_edge_bps),
        total=_bps(words, cost.total_bps),
        least=_bps(words, view.needed_edge_bps - cost.total_bps),
    )
    total = words(
        "costs.total",
        bps=_bps(words, cost.total_bps),
        money=words.money(total_quote, currency),
    )
    is_above = cost.total_bps > view.limit_bps
    return [
        words(
            "costs.head",
            symbol=view.symbol,
            notional=words.money(view.notional_quote, currency),
            price=words.price(view.price),
        ),
        words("card.simulated") if view.simulated else Html(""),
        *parts,
        total,
        needed,
        words("costs.limit", limit=_bps(words, view.limit_bps)) if is_above else Html(""),
        _measured(words, view),
        words("costs.from_book" if view.slippage_from_book else "costs.from_volume"),
        _share(words, view),
        words("costs.time", time=words.moment(view.priced_at)),
    ]


def _measured(words: Words, view: CostsView) -> Html:
    if view.measured is None:
        return words("costs.unmeasured")
    mean, low, high = view.measured.interval_bps
    return words(
        "costs.measured_pays" if low >= view.needed_edge_bps else "costs.measured_not",
        edge=words.bps(mean, signed=True),
        low=words.number(low, 0),
        high=words.number(high, 0),
    )


def _share(words: Words, view: CostsView) -> Html:
    if view.bar_volume_fraction is None:
        return Html("")
    return words("costs.share", share=words.percent(view.bar_volume_fraction, digits=3))


def _bps(words: Words, value: Decimal) -> str:
    return f"{words.number(value, _BPS_DIGITS)} bps"


def _keyboard(telling: Telling, amount: Decimal) -> Keyboard:
    words, behind, place = telling.words, list_of(telling), place_of(telling)
    assert place is not None  # the caller has looked
    frame = place.timeframe or telling.desk.explorer.timeframe
    sizes = tuple(
        button(
            chosen(words.number(Decimal(size), 0), on=amount == size),
            OpenCosts(Ref.of(place), size, behind),
        )
        for size in _SIZES
    )
    ways = (
        to_chart(words, place, frame, behind),
        to_why(words, place, behind),
        to_card(words, place, behind),
    )
    return tuple(row for row in (sizes, ways, to_list(words, behind)) if row)
