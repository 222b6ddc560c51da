"""Closed trades in pages, one of them with its picture, and tables as documents."""

from datetime import datetime
from decimal import Decimal

from bot.channel import CAPTION_LIMIT, Button
from bot.messages.amounts import behind, gain_mark, in_r
from bot.messages.callbacks import AskWhy
from bot.messages.callbacks_records import SendExport, ShowEvidence, ShowTrade, ShowTrades
from bot.messages.markup import Html, shorten
from bot.messages.pictures_records import trade_picture
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.ids import TradeId
from engine.domain.portfolio import Trade
from engine.domain.records import ExportWhat, ExportWish, TradesPage, TradeView
from engine.domain.values import to_ms

_NUMBERS_A_ROW = 4
_HOUR_S = 3600


def render_trades(telling: Telling) -> Rendered:
    """A page of closed trades, newest first; a number shows that trade."""
    words = telling.words
    view = telling.desk.records.trades(telling.number("page"))
    if not view.rows:
        return Rendered(text=words("trades.none"))
    totals = view.totals
    return Rendered(
        text=lines(
            words("trades.head", page=view.page + 1, pages=view.pages, count=totals.closed),
            *(_line(words, number, trade) for number, trade in enumerate(view.rows, start=1)),
            words(
                "trades.totals",
                pnl=words.money(totals.pnl_quote, view.quote, signed=True),
                fees=words.money(totals.fees_quote, view.quote),
                slippage=words.money(totals.slippage_quote, view.quote),
            ),
        ),
        keyboard=_keyboard(words, view),
    )


def render_trade(telling: Telling) -> Rendered | None:
    """One closed trade: in, out, result, costs, reason, and both marks on its market."""
    trade_id = TradeId(telling.text("trade_id"))
    view = telling.desk.records.trade(trade_id)
    if view is None:
        return None
    words = telling.words
    chart = telling.desk.records.trade_chart(trade_id) if telling.wants_picture else None
    return Rendered(
        text=shorten(lines(*_detail(words, view)), CAPTION_LIMIT),
        keyboard=(
            (
                *(
                    (button(words.raw("buttons.why"), AskWhy(view.trade.decision_id)),)
                    if view.trade.decision_id
                    else ()
                ),
                button(words.raw("buttons.evidence"), ShowEvidence(trade_id)),
                button(words.raw("buttons.trades"), ShowTrades(0)),
            ),
        ),
        picture=trade_picture(telling, view, chart) if chart else None,
        picture_name=f"trade-{view.trade.symbol}",
    )


def render_export(telling: Telling) -> Rendered:
    """A table as a document, with what is in it."""
    words = telling.words
    what = telling.text("what")
    wish = ExportWish(
        what=ExportWhat(what) if what in set(ExportWhat) else ExportWhat.TRADES,
        start=_moment(telling.text("start")),
        end=_moment(telling.text("end")),
    )
    made = telling.desk.records.export(wish)
    name = words(f"export.{wish.what}")
    if not made.rows:
        return Rendered(text=words("export.none", what=name))
    return Rendered(
        text=lines(
            words("export.head", what=name, count=words.number(Decimal(made.rows), 0)),
            words("export.format"),
        ),
        document=made.content,
        document_name=made.name,
    )


def _keyboard(words: Words, view: TradesPage) -> tuple[tuple[Button, ...], ...]:
    numbers = [
        button(f"{number} {trade.symbol.base}", ShowTrade(trade.id))
        for number, trade in enumerate(view.rows, start=1)
    ]
    rows = [
        tuple(numbers[start : start + _NUMBERS_A_ROW])
        for start in range(0, len(numbers), _NUMBERS_A_ROW)
    ]
    turns = []
    if view.page > 0:
        turns.append(button(words.raw("buttons.previous"), ShowTrades(view.page - 1)))
    if view.page + 1 < view.pages:
        turns.append(button(words.raw("buttons.next"), ShowTrades(view.page + 1)))
    turns.append(button(words.raw("buttons.export"), SendExport(ExportWhat.TRADES)))
    return (*rows, tuple(turns))


def _line(words: Words, number: int, trade: Trade) -> Html:
    return words(
        "trades.line",
        number=number,
        mark=gain_mark(trade.pnl_quote),
        symbol=trade.symbol,
        pnl=words.money(trade.pnl_quote, trade.symbol.quote, signed=True),
        reason=words.named("reasons", trade.exit_reason),
        time=words.moment(trade.closed_at),
        hours=_hours(words, trade),
    )


def _detail(words: Words, view: TradeView) -> tuple[Html, ...]:
    trade = view.trade
    quote = trade.symbol.quote
    multiple = "" if view.r_multiple is None else behind(in_r(words, view.r_multiple))
    return (
        words(
            "trade.head",
            mark=gain_mark(trade.pnl_quote),
            symbol=trade.symbol,
            pnl=words.money(trade.pnl_quote, quote, signed=True),
            share=words.percent(view.pnl_fraction, digits=2, signed=True),
            multiple=multiple,
        ),
        words(
            "trade.entry",
            quantity=words.quantity(trade.quantity),
            base=trade.symbol.base,
            price=words.price(trade.entry_price, trade.exit_price),
            time=words.moment(trade.opened_at),
        ),
        words(
            "trade.exit",
            price=words.price(trade.exit_price, trade.entry_price),
            time=words.moment(trade.closed_at),
            reason=words.named("reasons", trade.exit_reason),
            hours=_hours(words, trade),
        ),
        words(
            "trade.costs",
            fees=words.money(trade.fees_quote, quote),
            slippage=words.money(trade.slippage_quote, quote),
        ),
        words(
            "trade.risk",
            risk=words.money(view.risk_quote, quote),
            stop=words.price(view.stop_price, trade.entry_price),
        )
        if view.risk_quote is not None and view.stop_price is not None
        else Html(""),
        words("trade.id", id=trade.id),
    )


def _hours(words: Words, trade: Trade) -> str:
    held_s = (to_ms(trade.closed_at) - to_ms(trade.opened_at)) // 1000
    return words.number(Decimal(held_s) / _HOUR_S, 1)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
