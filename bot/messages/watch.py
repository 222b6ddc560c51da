"""The markets a person watches, each with its chart, its lines for alerts, and the way out."""

from dataclasses import replace

from bot.messages.alerts import MARKETS, in_rows
from bot.messages.callbacks_alerts import OfferLevels, WatchMarket, market_code
from bot.messages.markup import Html
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.walking import to_chart
from bot.messages.words import Words
from engine.desk.alerts.views import WatchRow
from engine.domain.explorer import Place


def render_watch(telling: Telling) -> Rendered:
    """Watched markets at their last close, each with its chart."""
    words, user_id = telling.words, telling.number("user_id")
    view = telling.desk.alerts.watchlist(user_id)
    if not view.rows:
        markets = telling.desk.alerts.markets()[:MARKETS]
        buttons = [
            button(f"+ {one.base}", WatchMarket(on=True, market=market_code(one)))
            for one in markets
        ]
        return Rendered(text=words("watch.none"), keyboard=in_rows(buttons))
    return Rendered(
        text=lines(
            words("watch.head", count=len(view.rows)),
            *(_watched(words, row) for row in view.rows),
        ),
        keyboard=tuple(
            (
                replace(
                    to_chart(words, Place(symbol=row.symbol), view.timeframe, None),
                    text=row.symbol.base,
                ),
                button(
                    f"🔔 {row.symbol.base}",
                    OfferLevels(view.timeframe, market_code(row.symbol)),
                ),
                button(
                    f"✖ {row.symbol.base}",
                    WatchMarket(on=False, market=market_code(row.symbol)),
                ),
            )
            for row in view.rows
        ),
    )


def _watched(words: Words, row: WatchRow) -> Html:
    if row.price is None or row.at is None:
        return words("watch.row_empty", symbol=row.symbol)
    change, score = row.day_change_fraction, row.score
    return words(
        "watch.row",
        symbol=row.symbol,
        price=words.price(row.price),
        change="–" if change is None else words.percent(change, digits=2, signed=True),
        score="–" if score is None else words.points(score),
        time=words.minute(row.at),
    )
