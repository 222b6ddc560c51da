"""What the money did: fills, closed trades, portfolio, positions, trades, profit and loss."""

from collections.abc import Sequence
from decimal import Decimal

from bot.channel import CAPTION_LIMIT
from bot.messages.callbacks import ClosePosition, swap_chart
from bot.messages.markup import Html, shorten
from bot.messages.pictures import portfolio_picture
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.desk import Role
from engine.domain.orders import Fill
from engine.domain.portfolio import Holding, Trade
from engine.domain.values import to_ms
from engine.domain.views import PortfolioView

_PERIODS = ("today", "week", "month", "all")
_TRADES = 10
_BUTTONS = 20


def render_fill(telling: Telling) -> Rendered | None:
    """An entry was filled: price, size, fee, stop, equity."""
    found = telling.facts.order(telling.text("order_id"))
    if found is None or not found[1]:
        return None
    (order, fills), words = found, telling.words
    intent = order.intent
    quantity, price, fee = _totals(fills)
    view = telling.desk.portfolio()
    plan = intent.exit_plan
    return Rendered(
        text=lines(
            words(
                "fill.head",
                symbol=intent.symbol,
                side=words(f"fill.{intent.side}"),
                quantity=words.quantity(quantity),
                base=intent.symbol.base,
                price=words.price(price),
            ),
            words(
                "fill.money",
                notional=words.money(quantity * price, intent.symbol.quote),
                fee=words.money(fee, intent.symbol.quote),
                time=words.clock(fills[-1].filled_at),
            ),
            words("fill.partly", wanted=words.quantity(intent.quantity), base=intent.symbol.base)
            if quantity < intent.quantity
            else "",
            words("fill.stop", price=words.price(plan.stop_price)) if plan else "",
            words("fill.reason", reason=words.named("origins", intent.origin)),
            _equity(words, view),
        )
    )


def render_closed(telling: Telling) -> Rendered | None:
    """A position was closed: result, fee, reason, equity."""
    trade = telling.facts.trade(telling.text("trade_id"))
    if trade is None:
        return None
    words, quote = telling.words, trade.symbol.quote
    notional = trade.entry_price * trade.quantity
    return Rendered(
        text=lines(
            words(
                "closed.head",
                symbol=trade.symbol,
                mark="🟢" if trade.pnl_quote > 0 else "🔴",
                pnl=words.money(trade.pnl_quote, quote, signed=True),
                share=words.percent(trade.pnl_quote / notional, digits=2, signed=True),
            ),
            words(
                "closed.prices",
                quantity=words.quantity(trade.quantity),
                base=trade.symbol.base,
                entry=words.price(trade.entry_price),
                exit=words.price(trade.exit_price),
            ),
            words(
                "closed.reason",
                reason=words.named("reasons", trade.exit_reason),
                fee=words.money(trade.fees_quote, quote),
                time=words.clock(trade.closed_at),
            ),
            _equity(words, telling.desk.portfolio()),
        )
    )


def render_portfolio(telling: Telling) -> Rendered:
    """Equity, cash, positions and results, with a picture."""
    view = telling.desk.portfolio()
    words, held = telling.words, view.portfolio
    text = lines(
        words("portfolio.head", equity=words.money(held.equity_quote, held.quote)),
        _marks(words, view),
        words("portfolio.cash_line", cash=words.money(held.cash_quote, held.quote)),
        _periods(words, view),
        *(_holding(words, one) for one in held.holdings),
        words("portfolio.no_positions") if not held.holdings else "",
        words("portfolio.drawdown", drawdown=words.percent(view.drawdown_fraction)),
    )
    picture = portfolio_picture(telling, view) if telling.wants_picture else None
    return Rendered(
        text=shorten(text, CAPTION_LIMIT),
        picture=picture,
        picture_name="portfolio",
    )


def render_positions(telling: Telling) -> Rendered:
    """Every open position with its stop, and a button that closes that one and no other."""
    view = telling.desk.portfolio()
    words = telling.words
    if not view.portfolio.holdings:
        return Rendered(text=words("positions.none"))
    blocks = [_position(words, one) for one in view.portfolio.holdings]
    can_close = telling.reader is None or telling.reader.role is not Role.VIEWER
    timeframe = telling.desk.status().timeframe
    return Rendered(
        text=lines(words("positions.head", count=len(blocks)), _marks(words, view), *blocks),
        keyboard=tuple(
            (
                *(
                    (
                        button(
                            f"{words.raw('buttons.close')} {one.position.symbol.base}",
                            ClosePosition(one.position.entry_order_id),
                        ),
                    )
                    if can_close
                    else ()
                ),
                button(
                    f"{words.raw('buttons.chart')} {one.position.symbol.base}",
                    swap_chart(one.position.symbol, timeframe),
                ),
            )
            for one in view.portfolio.holdings[:_BUTTONS]
        ),
    )


def render_trades(telling: Telling) -> Rendered:
    """The newest closed trades."""
    words = telling.words
    trades = telling.desk.trades(_TRADES)
    if not trades:
        return Rendered(text=words("trades.none"))
    return Rendered(
        text=lines(
            words("trades.head", count=len(trades)), *(_trade(words, trade) for trade in trades)
        )
    )


def render_pnl(telling: Telling) -> Rendered:
    """What was earned, by period, and how."""
    view = telling.desk.portfolio()
    words, quote = telling.words, view.portfolio.quote
    won = Decimal(view.trades_won) / view.trades_closed if view.trades_closed else Decimal(0)
    return Rendered(
        text=lines(
            words("pnl.head"),
            _marks(words, view),
            *(
                words(
                    "pnl.line",
                    name=words(f"pnl.{name}"),
                    pnl=words.money(view.pnl_quote[name], quote, signed=True),
                )
                for name in _PERIODS
                if name in view.pnl_quote
            ),
            words(
                "pnl.realised",
                realised=words.money(view.realised_quote, quote, signed=True),
                fees=words.money(view.fees_quote, quote),
            ),
            words(
                "pnl.trades",
                closed=view.trades_closed,
                won=view.trades_won,
                rate=words.percent(won, digits=0),
            ),
            words("portfolio.drawdown", drawdown=words.percent(view.drawdown_fraction)),
            _equity(words, view),
        )
    )


def _totals(fills: Sequence[Fill]) -> tuple[Decimal, Decimal, Decimal]:
    """Quantity, average price and fees."""
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    notional = sum((fill.notional_quote for fill in fills), Decimal(0))
    return quantity, notional / quantity, sum((fill.fee_quote for fill in fills), Decimal(0))


def _equity(words: Words, view: PortfolioView) -> Html:
    held = view.portfolio
    return words(
        "portfolio.equity_line",
        equity=words.money(held.equity_quote, held.quote),
        mode=words(f"mode.{view.mode}"),
        simulated=Html(f" · {words('card.simulated')}") if view.simulated else "",
    )


def _marks(words: Words, view: PortfolioView) -> Html:
    marks = [words(f"mode.{view.mode}")]
    if view.simulated:
        marks.append(words("card.simulated"))
    return Html(" · ".join(marks))


def _periods(words: Words, view: PortfolioView) -> Html:
    quote = view.portfolio.quote
    return Html(
        " · ".join(
            words(
                "pnl.short",
                name=words(f"pnl.{name}"),
                pnl=words.money(view.pnl_quote[name], quote, signed=True),
            )
            for name in ("today", "week", "all")
            if name in view.pnl_quote
        )
    )


def _holding(words: Words, one: Holding) -> Html:
    symbol = one.position.symbol
    return words(
        "portfolio.holding",
        symbol=symbol,
        value=words.money(one.value_quote, symbol.quote),
        pnl=words.money(one.pnl_quote, symbol.quote, signed=True),
    )


def _position(words: Words, one: Holding) -> Html:
    position = one.position
    quote = position.symbol.quote
    cost = position.entry_price * position.quantity
    return words(
        "positions.block",
        symbol=position.symbol,
        quantity=words.quantity(position.quantity),
        base=position.symbol.base,
        entry=words.price(position.entry_price),
        price=words.price(one.price),
        stop=words.price(position.stop_price),
        pnl=words.money(one.pnl_quote, quote, signed=True),
        share=words.percent(one.pnl_quote / cost, digits=2, signed=True),
        since=words.moment(position.opened_at),
        age=words.clock(one.priced_at),
    )


def _trade(words: Words, trade: Trade) -> Html:
    held_s = (to_ms(trade.closed_at) - to_ms(trade.opened_at)) // 1000
    return words(
        "trades.line",
        mark="🟢" if trade.pnl_quote > 0 else "🔴",
        symbol=trade.symbol,
        pnl=words.money(trade.pnl_quote, trade.symbol.quote, signed=True),
        reason=words.named("reasons", trade.exit_reason),
        time=words.moment(trade.closed_at),
        hours=words.number(Decimal(held_s) / 3600, 1),
    )
