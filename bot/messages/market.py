"""What the market offers: the ranked list, why (not), charts, and the quiet day's heartbeat."""

from decimal import Decimal

from bot.channel import CAPTION_LIMIT, TEXT_LIMIT, Keyboard
from bot.messages.callbacks import AskWhy, ShowCard, ShowDecisionChart, TurnPage, swap_chart
from bot.messages.markup import Html, cut, escape, shorten
from bot.messages.pictures import chart_picture
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol, Timeframe
from engine.domain.reasons import ActionCode, RouteCode, VerdictCode
from engine.domain.views import ChartView, OpportunitiesView, OpportunityRow, WhyView

_NEAREST = 3
_PROPOSED = (RouteCode.ASK, RouteCode.AUTO)
_WHY_TEXT = 2000
_FRACTIONS = ("daily_loss", "drawdown", "risk_size")
_BPS = ("cost", "net_edge")
_SECONDS = ("data_fresh",)


def render_opportunities(telling: Telling) -> Rendered:
    """One page of the newest decision of every symbol, strongest first."""
    view = telling.desk.opportunities(max(0, telling.number("page")))
    words = telling.words
    if not view.rows:
        return Rendered(text=words("opportunities.none"))
    return Rendered(
        text=lines(
            words("opportunities.head", page=view.page + 1, pages=view.pages),
            *(_row(words, row) for row in view.rows),
        ),
        keyboard=(*_cards(view), *_pages(words, view)),
    )


def _row(words: Words, row: OpportunityRow) -> Html:
    decision = row.decision
    is_proposed = decision.action is ActionCode.ENTER and decision.route in _PROPOSED
    verdict = (
        words(f"opportunities.route_{decision.route.label}")
        if is_proposed
        else words.named("reasons", decision.reason.label)
    )
    return words(
        "opportunities.line",
        arrow="▲" if row.signed_score > 0 else "▼",
        symbol=row.symbol,
        timeframe=row.timeframe,
        score=words.number(abs(row.signed_score), 0),
        share=words.percent(row.rank_fraction),
        needed=words.percent(row.threshold_rank_fraction),
        verdict=verdict,
        time=words.clock(row.closed_at),
    )


def _cards(view: OpportunitiesView) -> Keyboard:
    buttons = [button(row.symbol.base, ShowCard(row.decision.id)) for row in view.rows]
    return tuple(tuple(buttons[k : k + 4]) for k in range(0, len(buttons), 4))


def _pages(words: Words, view: OpportunitiesView) -> Keyboard:
    turns = []
    if view.page > 0:
        turns.append(button(words.raw("buttons.previous"), TurnPage(view.page - 1)))
    if view.page + 1 < view.pages:
        turns.append(button(words.raw("buttons.next"), TurnPage(view.page + 1)))
    return (tuple(turns),) if turns else ()


def render_why(telling: Telling) -> Rendered:
    """Why (not): score, the check that stopped it, and how far it was from passing."""
    query = telling.text("query")
    words = telling.words
    view = telling.desk.why(query or None, words.language)
    if view is None:
        if query:
            return Rendered(text=words("why.unknown", query=cut(query, 60)))
        return Rendered(text=words("why.nothing"))
    decision = view.card.decision
    return Rendered(
        text=shorten(
            lines(
                words(
                    "why.head",
                    symbol=decision.symbol,
                    timeframe=decision.timeframe,
                    time=words.moment(decision.closed_at),
                ),
                _marks(words, view),
                _verdict(words, view),
                _gate(words, view),
                _score(words, view),
                *_contributions(words, view),
                Html(f"<i>{escape(cut(' '.join(view.text.split()), _WHY_TEXT))}</i>"),
                words("why.id", id=decision.id),
            ),
            TEXT_LIMIT,
        ),
        keyboard=(
            (
                button(words.raw("buttons.card"), ShowCard(decision.id)),
                button(words.raw("buttons.chart"), ShowDecisionChart(decision.id)),
            ),
        ),
    )


def _marks(words: Words, view: WhyView) -> Html:
    marks = [words("card.simulated")] if view.card.simulated else []
    if view.card.decision.lacks_edge:
        marks.append(words("card.uncalibrated"))
    return Html(" · ".join(marks))


def _verdict(words: Words, view: WhyView) -> Html:
    decision = view.card.decision
    reason = words.named("reasons", decision.reason.label)
    if decision.route in (RouteCode.REFUSE, RouteCode.NONE):
        return words("why.not_traded", reason=reason)
    return words("why.proposed", reason=reason)


def _gate(words: Words, view: WhyView) -> Html:
    if view.gate is None:
        return Html("")
    name = words.named("gates", view.gate)
    if view.gate_value is None or view.gate_limit is None or view.distance is None:
        return words("why.gate", gate=name)
    return words(
        "why.gate_distance",
        gate=name,
        value=_measure(words, view.gate, view.gate_value),
        limit=_measure(words, view.gate, view.gate_limit),
        distance=_measure(words, view.gate, view.distance),
    )


def _measure(words: Words, gate: str, value: Decimal) -> str:
    """A check's value in the unit of that check."""
    if gate in _FRACTIONS:
        return words.percent(value, digits=2)
    if gate in _BPS:
        return words.bps(value)
    if gate in _SECONDS:
        return f"{words.quantity(value)} s"
    return words.quantity(value)


def _score(words: Words, view: WhyView) -> Html:
    score = view.card.decision.score
    if score is None:
        return words("why.no_score")
    missing = score.threshold_rank_fraction - score.rank_fraction
    text = words(
        "why.score",
        score=words.points(score.signed),
        share=words.percent(score.rank_fraction),
        n=words.number(Decimal(score.rank_n), 0),
        needed=words.percent(score.threshold_rank_fraction),
    )
    if missing <= 0:
        return text
    return lines(text, words("why.missing", missing=words.percent(missing, digits=2)))


def _contributions(words: Words, view: WhyView) -> list[Html]:
    score = view.card.decision.score
    if score is None:
        return []
    ranked = sorted(score.contributions, key=lambda one: -abs(one.points))
    told = [f"{one.code} {words.points(one.points)}" for one in ranked if one.points]
    return [words("why.contributions", list=" · ".join(told))] if told else []


def render_chart(telling: Telling) -> Rendered:
    """A market on one timeframe; the buttons swap the picture in the same message."""
    words, name = telling.words, telling.text("symbol")
    wanted = telling.text("timeframe")
    try:
        symbol = Symbol.parse(name)
    except InvalidValueError:
        return Rendered(text=words("notices.unknown_symbol", symbol=cut(name, 60)))
    view = telling.desk.chart(symbol, Timeframe(wanted) if wanted in set(Timeframe) else None)
    if view is None:
        return Rendered(
            text=words("chart_message.none", symbol=symbol, timeframe=wanted or "–"),
            keyboard=_timeframes(symbol, wanted),
        )
    picture = chart_picture(telling, view) if telling.wants_picture else None
    return Rendered(
        text=shorten(_chart_caption(words, view), CAPTION_LIMIT),
        keyboard=_timeframes(symbol, view.timeframe),
        picture=picture,
        picture_name=f"chart-{symbol}-{view.timeframe}",
    )


def _chart_caption(words: Words, view: ChartView) -> Html:
    bars = view.bars
    last, first = Decimal(repr(bars.close[-1])), Decimal(repr(bars.open[0]))
    change = words.percent(last / first - 1, digits=2, signed=True) if first > 0 else "–"
    return lines(
        words(
            "chart_message.head",
            symbol=view.symbol,
            timeframe=view.timeframe,
            price=words.price(last),
            change=change,
            count=len(bars),
        ),
        words("card.simulated") if view.simulated else "",
    )


def _timeframes(symbol: Symbol, shown: str) -> Keyboard:
    return (
        tuple(
            button(f"· {frame} ·" if frame == shown else str(frame), swap_chart(symbol, frame))
            for frame in Timeframe
        ),
    )


def render_heartbeat(telling: Telling) -> Rendered:
    """A quiet day: nothing qualified, and what came nearest."""
    words = telling.words
    status = telling.desk.status()
    rows = telling.desk.opportunities(0).rows
    ranked = sorted(rows, key=lambda row: row.threshold_rank_fraction - row.rank_fraction)
    nearest = ranked[:_NEAREST]
    return Rendered(
        text=lines(
            words(
                "heartbeat.head",
                count=len(status.symbols),
                timeframe=status.timeframe,
                time=words.moment(status.last_close) if status.last_close else "–",
            ),
            words("card.simulated") if status.simulated else "",
            *(_miss(words, row) for row in nearest),
            words("heartbeat.none") if not nearest else "",
            words("portfolio.equity_short", equity=words.money(status.equity_quote, status.quote)),
        ),
        keyboard=(tuple(button(r.symbol.base, AskWhy(r.decision.id)) for r in nearest),)
        if nearest
        else (),
    )


def _miss(words: Words, row: OpportunityRow) -> Html:
    decision = row.decision
    failed = next((check for check in decision.checks if check.verdict is VerdictCode.FAILED), None)
    missing = row.threshold_rank_fraction - row.rank_fraction
    if missing > 0 or failed is None:
        return words(
            "heartbeat.score",
            symbol=row.symbol,
            share=words.percent(row.rank_fraction),
            needed=words.percent(row.threshold_rank_fraction),
            reason=words.named("reasons", decision.reason.label),
        )
    return words(
        "heartbeat.gate",
        symbol=row.symbol,
        gate=words.named("gates", failed.name),
        reason=words.named("reasons", decision.reason.label),
    )
