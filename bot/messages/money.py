"""What the money did: fills, closes, portfolio, profit and loss."""

from collections.abc import Sequence
from decimal import Decimal

from bot.channel import CAPTION_LIMIT
from bot.messages.amounts import beside, gain_mark, marks, own_line
from bot.messages.callbacks_records import ShowCurve, ShowPositions, ShowTrades
from bot.messages.markup import Html, shorten
from bot.messages.names import called
from bot.messages.pictures_records import portfolio_picture
from bot.messages.questions import who_decided
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.lifecycles import ApprovalState
from engine.domain.orders import Fill, OrderIntent
from engine.domain.records import Period
from engine.domain.views import PortfolioView

_PERIODS = ("today", "week", "month", "all")


def render_fill(telling: Telling) -> Rendered | None:
    """An entry was filled: price, size, fee, stop, equity."""
    found = telling.facts.order(telling.text("order_id"))
    if found is None or not found[1]:
        return None
    (order, fills), words = found, telling.words
    intent = order.intent
    quantity, price, fee = _totals(fills)
    plan = intent.exit_plan
    return Rendered(
        text=lines(
            words(
                "fill.head",
                symbol=intent.symbol,
                side=words(f"fill.{intent.side}"),
                quantity=words.quantity(quantity),
                base=intent.symbol.base,
                price=words.price(price, plan.stop_price if plan else price),
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
            words("fill.stop", price=words.price(plan.stop_price, price)) if plan else "",
            _ordered(telling, intent),
            _equity(telling),
        )
    )


def _ordered(telling: Telling, intent: OrderIntent) -> Html:
    """Whose wish it was, and who agreed."""
    words, decision = telling.words, intent.decision_id
    mine = telling.desk.purchase(intent.id) if decision is None else None
    if mine is not None:
        return words("fill.reason", reason=called(words, mine.names, mine.by))
    view = telling.desk.card(decision, with_chart=False) if decision is not None else None
    approval = view.approval if view is not None else None
    if view is None or approval is None:
        return words("fill.reason", reason=words.named("origins", intent.origin))
    if approval.state is ApprovalState.EXPIRED:
        return words("fill.by_rule")
    return words("fill.approved", who=", ".join(who_decided(words, view.names, approval)))


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
                mark=gain_mark(trade.pnl_quote),
                pnl=words.money(trade.pnl_quote, quote, signed=True),
                share=words.percent(trade.pnl_quote / notional, digits=2, signed=True),
            ),
            words(
                "closed.prices",
                quantity=words.quantity(trade.quantity),
                base=trade.symbol.base,
                entry=words.price(trade.entry_price, trade.exit_price),
                exit=words.price(trade.exit_price, trade.entry_price),
            ),
            words(
                "closed.reason",
                reason=words.named("reasons", trade.exit_reason),
                fee=words.money(trade.fees_quote, quote),
                time=words.clock(trade.closed_at),
            ),
            _equity(telling),
        )
    )


def render_portfolio(telling: Telling) -> Rendered:
    """Equity, cash, risk, positions and results, with a picture of a period."""
    view = telling.desk.portfolio()
    words = telling.words
    period = _period(telling)
    text = lines(*_head(words, view), *_results(words, view), *_held(words, view))
    picture = None
    if telling.wants_picture:
        picture = portfolio_picture(telling, view, telling.desk.records.curve(period))
    return Rendered(
        text=shorten(text, CAPTION_LIMIT),
        keyboard=(
            tuple(
                button(
                    f"· {words.raw(f'stretches.{one}')} ·"
                    if one is period
                    else words.raw(f"stretches.{one}"),
                    ShowCurve(one),
                )
                for one in Period
            ),
            (
                button(words.raw("buttons.positions"), ShowPositions()),
                button(words.raw("buttons.trades"), ShowTrades(0)),
            ),
        ),
        picture=picture,
        picture_name=f"portfolio-{period}",
    )


def render_pnl(telling: Telling) -> Rendered:
    """What was earned, by period, and how."""
    view = telling.desk.portfolio()
    words, quote = telling.words, view.portfolio.quote
    return Rendered(
        text=lines(
            words("pnl.head"),
            marks(words, view),
            *(
                words(
                    "pnl.line",
                    name=words(f"pnl.{name}"),
                    pnl=words.money(view.pnl_quote[name], quote, signed=True),
                )
                + beside(words, view.own, view.pnl_quote[name])
                for name in _PERIODS
                if name in view.pnl_quote
            ),
            words("pnl.realised", realised=words.money(view.realised_quote, quote, signed=True)),
            _costs(words, view),
            _trades(words, view),
            _drawdown(words, view),
            words(
                "portfolio.equity_short",
                equity=words.money(view.equity_quote, quote),
            ),
            own_line(words, view.own, view.equity_quote),
        ),
        keyboard=((button(words.raw("buttons.trades"), ShowTrades(0)),),),
    )


def _period(telling: Telling) -> Period:
    wanted = telling.text("period")
    return Period(wanted) if wanted in set(Period) else Period.ALL


def _head(words: Words, view: PortfolioView) -> tuple[Html, ...]:
    quote = view.portfolio.quote
    return (
        words("portfolio.head", equity=words.money(view.equity_quote, quote)),
        own_line(words, view.own, view.equity_quote),
        marks(words, view),
        words(
            "portfolio.cash_line",
            cash=words.money(view.portfolio.cash_quote, quote),
            risk=words.money(view.at_risk_quote, quote),
            share=words.percent(view.at_risk_fraction, digits=2),
        ),
    )


def _results(words: Words, view: PortfolioView) -> tuple[Html, ...]:
    return (
        _periods(words, view),
        _trades(words, view),
        _costs(words, view),
        _drawdown(words, view),
    )


def _held(words: Words, view: PortfolioView) -> tuple[Html, ...]:
    """Positions, largest first, and accounts elsewhere where there are any."""
    quote = view.portfolio.quote
    ranked = sorted(view.positions, key=lambda one: -one.value_quote)
    told = [
        words(
            "portfolio.holding",
            symbol=one.symbol,
            value=words.money(one.value_quote, one.symbol.quote),
            pnl=words.money(one.pnl_quote, one.symbol.quote, signed=True),
            share=words.percent(one.pnl_fraction, digits=2, signed=True),
            stop=words.percent(one.stop_fraction, signed=True),
        )
        for one in ranked
    ]
    if not told:
        told = [words("portfolio.no_positions")]
    if len(view.venues) > 1:
        told += [
            words(
                "portfolio.venue",
                venue=one.venue,
                equity=words.money(one.equity_quote, quote),
                positions=one.positions,
            )
            for one in view.venues
        ]
    return tuple(told)


def _costs(words: Words, view: PortfolioView) -> Html:
    quote = view.portfolio.quote
    return words(
        "pnl.costs",
        fees=words.money(view.fees_quote, quote),
        slippage=words.money(view.slippage_quote, quote),
    )


def _trades(words: Words, view: PortfolioView) -> Html:
    won = view.win_fraction
    return words(
        "pnl.trades",
        closed=view.trades_closed,
        won=view.trades_won,
        rate="–" if won is None else words.percent(won, digits=0),
    )


def _drawdown(words: Words, view: PortfolioView) -> Html:
    return words(
        "portfolio.drawdown",
        drawdown=words.percent(view.drawdown_fraction, digits=2),
        worst=words.percent(view.worst_drawdown_fraction, digits=2),
    )


def _totals(fills: Sequence[Fill]) -> tuple[Decimal, Decimal, Decimal]:
    """Quantity, average price and fees."""
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    notional = sum((fill.notional_quote for fill in fills), Decimal(0))
    return quantity, notional / quantity, sum((fill.fee_quote for fill in fills), Decimal(0))


def _equity(telling: Telling) -> Html:
    """The equity right after the fill, as it was written down with it; a row without says none."""
    words, view, equity = telling.words, telling.desk.status(), telling.text("equity_quote")
    mode = words(f"mode.{view.mode}")
    simulated = Html(f" · {words('card.simulated')}") if view.simulated else ""
    if not equity:
        return Html(f"{mode}{simulated}")
    return words(
        "portfolio.equity_line",
        equity=words.money(Decimal(equity), view.quote),
        mode=mode,
        simulated=simulated,
    )


def _periods(words: Words, view: PortfolioView) -> Html:
    quote = view.portfolio.quote
    return Html(
        " · ".join(
            words(
                "pnl.short",
                name=words(f"pnl.{name}"),
                pnl=words.money(view.pnl_quote[name], quote, signed=True),
            )
            for name in _PERIODS
            if name in view.pnl_quote
        )
    )
