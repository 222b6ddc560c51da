"""What the market offers: the ranked list with its filters.

All of a list's state is in its buttons: filters, order, search and page. A row leads to its card,
and every screen behind it leads back to just this page.
"""

from collections.abc import Collection
from dataclasses import replace

from bot.channel import CAPTION_LIMIT, Button, Keyboard
from bot.messages.callbacks_explorer import OpenCard, OpenList, Ref
from bot.messages.markup import Html, cut, plain, shorten
from bot.messages.pictures_explorer import board_picture
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.walking import chosen, list_of, marked
from bot.messages.words import Words
from engine.domain.explorer import Direction, OpportunitiesView, OpportunityRow, Order, Wish
from engine.domain.market import Symbol
from engine.domain.reasons import ActionCode, RouteCode

_IN_A_ROW = 4
_NAME_CHARS = 10
_SYMBOL_CHARS = 24
_WATCHED = "👁 "
_PROPOSED = (RouteCode.ASK, RouteCode.AUTO)


def render_opportunities(telling: Telling) -> Rendered:
    """One page of the newest scores that pass the filters."""
    watched = telling.desk.alerts.watched(telling.reader.user_id) if telling.reader else ()
    view = telling.desk.explorer.opportunities(list_of(telling) or Wish(), watched)
    words = telling.words
    notes = [_note(words, view, row) for row in view.rows]
    filters, empty = _filters(words, view, watched), "" if view.rows else _empty(words, view)
    text = lines(
        words("opportunities.head", filters=filters),
        *(
            _row(words, number, row, note, is_watched=row.symbol in watched)
            for number, (row, note) in _numbered(view, notes)
        ),
        empty,
        _short_note(words, view),
    )
    picture = (
        board_picture(
            telling, view, notes=[plain(one) for one in notes], filters=filters, empty=plain(empty)
        )
        if telling.wants_picture
        else None
    )
    return Rendered(
        text=shorten(text, CAPTION_LIMIT),
        keyboard=_keyboard(words, view),
        picture=picture,
        picture_name="opportunities",
    )


def _numbered(
    view: OpportunitiesView, notes: list[Html]
) -> list[tuple[int, tuple[OpportunityRow, Html]]]:
    return list(enumerate(zip(view.rows, notes, strict=True), start=1))


def _row(words: Words, number: int, row: OpportunityRow, note: Html, *, is_watched: bool) -> Html:
    values = {
        "number": number,
        "arrow": "▲" if row.signed_score > 0 else "▼",
        "symbol": f"{_WATCHED if is_watched else ''}{cut(str(row.symbol), _SYMBOL_CHARS)}",
        "verdict": note,
    }
    score = abs(row.signed_score)
    if row.needed_score is None:
        return words("opportunities.line_unknown", score=words.number(score, 0), **values)
    told, needed = words.apart(score, row.needed_score, 0)
    return words("opportunities.line", score=told, needed=needed, **values)


def _note(words: Words, view: OpportunitiesView, row: OpportunityRow) -> Html:
    """What came of a row; a measured edge goes first."""
    if not row.is_traded:
        share = words.percent(row.rank_fraction)
        return Html(f"{share} · {words.minute(row.closed_at)}")
    decision = row.decision
    is_proposed = decision.action is ActionCode.ENTER and decision.route in _PROPOSED
    verdict = (
        words(f"opportunities.route_{decision.route.label}")
        if is_proposed
        else words.named("reasons", decision.reason.label)
    )
    edge = decision.edge
    if edge is None or view.wish.order is not Order.EDGE:
        return verdict
    mean, low, _ = edge.net_interval_bps or edge.interval_bps
    return Html(f"{words.bps(mean, signed=True)} [{words.number(low, 0)}…] · {verdict}")


def _filters(words: Words, view: OpportunitiesView, watched: Collection[Symbol]) -> str:
    wish = view.wish
    told = [
        str(view.timeframe),
        words.raw(f"opportunities.direction_{wish.direction}"),
        words.raw(f"opportunities.order_{wish.order}"),
    ]
    if any(row.symbol in watched for row in view.rows):
        told.append(words.raw("opportunities.watched_first"))
    if wish.proven_only:
        told.append(words.raw("opportunities.proven"))
    if wish.search:
        told.append(plain(words("opportunities.search", search=wish.search)))
    told.append(plain(words("opportunities.count", count=view.count, scored=view.scored)))
    if view.pages > 1:
        told.append(plain(words("opportunities.page", page=view.page + 1, pages=view.pages)))
    return " · ".join(told)


def _empty(words: Words, view: OpportunitiesView) -> Html:
    if view.scored == 0:
        is_own = view.wish.timeframe is None
        name = "none" if is_own else "no_bars"
        return words(f"opportunities.{name}", timeframe=view.timeframe)
    if view.wish.proven_only:
        name = "empty_unmeasured" if view.is_proven else "empty_unproven"
        return words(f"opportunities.{name}")
    return words("opportunities.empty", scored=view.scored)


def _short_note(words: Words, view: OpportunitiesView) -> Html:
    if view.wish.direction is Direction.SHORT and view.rows:
        return words("opportunities.short_information")
    if view.rows and not view.rows[0].is_traded:
        return words("opportunities.information", timeframe=view.decided_on)
    return Html("")


def _keyboard(words: Words, view: OpportunitiesView) -> Keyboard:
    wish = view.wish
    cards = [
        button(f"{number} {cut(row.symbol.base, _NAME_CHARS)}", OpenCard(Ref.of(row.place), wish))
        for number, row in enumerate(view.rows, start=1)
    ]
    rows = [tuple(cards[k : k + _IN_A_ROW]) for k in range(0, len(cards), _IN_A_ROW)]
    return (*rows, *_filter_rows(words, view), *_pages(words, view))


def _filter_rows(words: Words, view: OpportunitiesView) -> Keyboard:
    first = replace(view.wish, page=0)

    def to(label: str, **changes: object) -> Button:
        return button(label, OpenList(replace(first, **changes)))  # type: ignore[arg-type]  # by name

    frames = tuple(
        to(
            chosen(str(frame), on=frame is view.timeframe),
            timeframe=None if frame is view.decided_on else frame,
        )
        for frame in view.timeframes
    )
    directions = tuple(
        to(chosen(words.raw(f"buttons.{one}"), on=one is first.direction), direction=one)
        for one in Direction
    )
    orders = tuple(Order)
    following = orders[(orders.index(first.order) + 1) % len(orders)]
    more = [
        to(
            marked(words.raw("buttons.proven"), on=first.proven_only),
            proven_only=not first.proven_only,
        ),
        to(words.raw(f"buttons.order_{first.order}"), order=following),
    ]
    if first.search:
        more.append(to(f"✖ {first.search}", search=""))
    return (frames, directions, tuple(more))


def _pages(words: Words, view: OpportunitiesView) -> Keyboard:
    turns = []
    for name, step in (("previous", -1), ("next", 1)):
        page = view.page + step
        if 0 <= page < view.pages:
            there = replace(view.wish, page=page)
            turns.append(button(words.raw(f"buttons.{name}"), OpenList(there)))
    return (tuple(turns),) if turns else ()
