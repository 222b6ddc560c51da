"""A card looked up while walking: what the card of a proposal says, without its questions.

The card that asks is one message that speaks of its decision for good. This one is a screen among
others, so it has ways to go on in place of verdicts, and one to the question if there is one.
"""

from bot.channel import CAPTION_LIMIT
from bot.messages.callbacks import ShowCard
from bot.messages.card import caption, card_or_chart
from bot.messages.markup import Html, cut, shorten
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.walking import list_of, place_of, to_chart, to_costs, to_list, to_why
from engine.domain.explorer import Place


def render_found(telling: Telling) -> Rendered:
    """The decision of a place, stored or made anew from the candles."""
    words, place = telling.words, place_of(telling)
    if place is None:
        return Rendered(
            text=words("notices.unknown_symbol", symbol=cut(telling.text("symbol"), 60))
        )
    behind = list_of(telling)
    view = telling.desk.explorer.card(place, with_chart=telling.wants_picture)
    back = to_list(words, behind)
    if view is None:
        at = words.moment(place.at or telling.desk.explorer.now)
        text = words("why.none", symbol=place.symbol, time=at)
        return Rendered(text=text, keyboard=(back,) if back else ())
    decision = view.decision
    there = Place(symbol=decision.symbol, timeframe=decision.timeframe, at=decision.closed_at)
    ways = (
        to_chart(words, there, decision.timeframe, behind),
        to_why(words, there, behind),
        to_costs(words, there, behind),
    )
    asks = (button(words.raw("buttons.question"), ShowCard(decision.id)),) if view.approval else ()
    own = telling.desk.explorer.timeframe
    is_traded = decision.timeframe is own
    information = Html("") if is_traded else words("why.information", timeframe=own)
    return Rendered(
        text=shorten(lines(caption(words, view), information), CAPTION_LIMIT),
        keyboard=tuple(row for row in (ways, asks, back) if row),
        picture=card_or_chart(telling, view),
        picture_name=f"card-{decision.symbol}-{decision.timeframe}",
    )
