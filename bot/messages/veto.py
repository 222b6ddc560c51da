"""The veto ledger in words: what saying no saved or cost, by who and why, honest about few.

Every amount says "saved" or "cost", as the total and the picture do: what a trade would have lost
was saved. So no sign has to be guessed.
"""

from collections.abc import Mapping
from decimal import Decimal

from bot.channel import CAPTION_LIMIT
from bot.messages.callbacks import REJECT_REASONS
from bot.messages.markup import Html, escape, plain, shorten
from bot.messages.names import called
from bot.messages.pictures_records import veto_picture
from bot.messages.rendered import Rendered, Telling, lines
from bot.messages.words import Words
from engine.domain.shadows import ShadowResult, ShadowState, Veto, VetoTotal, VetoView

_NEWEST = 4
_REASONS = 4


def render_veto(telling: Telling) -> Rendered:
    """Totals, what they are made of, and the newest vetoes, with a picture."""
    view, words = telling.desk.records.veto(), telling.words
    if not (view.results or view.open or view.waiting or view.void):
        return Rendered(text=words("veto.none"))
    names = {person.user_id: person.name for person in telling.desk.people()}
    text = lines(
        words("veto.head"),
        _verdict(words, view),
        *_doubts(words, view.total),
        words(
            "veto.split",
            losers=words.money(view.total.avoided_losers_quote, view.quote),
            lost=view.total.n - view.total.won,
            winners=words.money(view.total.rejected_winners_quote, view.quote),
            won=view.total.won,
        )
        if view.total.n
        else "",
        *(_total(words, view, one, words(f"veto.{one.name}")) for one in view.by_veto),
        *(
            _total(words, view, one, escape(called(words, names, _number(one.name))))
            for one in view.by_person[:_REASONS]
        ),
        _more(words, "veto.more_people", len(view.by_person)),
        *(_total(words, view, one, _reason(words, one.name)) for one in view.by_why[:_REASONS]),
        _more(words, "veto.more_reasons", len(view.by_why)),
        _open(words, view),
        _head_of_newest(words, view),
        *(_newest(words, view, one, names) for one in view.newest[:_NEWEST]),
        words("veto.how"),
    )
    picture = None
    if telling.wants_picture:
        picture = veto_picture(
            telling,
            view,
            title=_figure(words, view),
            subtitle=plain(
                Html(" · ".join((words("veto.count", n=view.total.n), *_doubts(words, view.total))))
            ),
            is_simulated=telling.desk.status().simulated,
        )
    return Rendered(
        text=shorten(text, CAPTION_LIMIT) if picture else text,
        picture=picture,
        picture_name="veto",
    )


def _verdict(words: Words, view: VetoView) -> Html:
    total = view.total
    if not total.n:
        return words("veto.nothing_ended")
    name = "veto.saved" if total.saved_quote >= 0 else "veto.cost"
    return words(
        name,
        n=total.n,
        amount=words.money(abs(total.saved_quote), view.quote),
        margin=""
        if total.margin_quote is None
        else Html(f" ± {words.number(total.margin_quote, 2)}"),
    )


def _figure(words: Words, view: VetoView) -> str:
    """The total with its interval, as short as a picture wants it."""
    total = view.total
    saved = words.money(total.saved_quote, view.quote, signed=True)
    if total.margin_quote is None:
        return saved
    return f"{saved} ± {words.number(total.margin_quote, 2)}"


def _doubts(words: Words, total: VetoTotal) -> tuple[Html, ...]:
    """What the figure does not say: few results, or an interval that holds zero."""
    if not total.n:
        return ()
    if total.is_few:
        return (words("veto.few", n=total.n),)
    return (words("veto.chance"),) if total.may_be_chance else (words("veto.sure"),)


def _total(words: Words, view: VetoView, total: VetoTotal, name: Html) -> Html:
    return words(
        "veto.line",
        name=name,
        n=total.n,
        won=total.won,
        worth=_worth(words, total.saved_quote, view.quote),
    )


def _worth(words: Words, saved_quote: Decimal, quote: str) -> Html:
    """What a no was worth, by a word in place of a sign."""
    name = "veto.worth_saved" if saved_quote >= 0 else "veto.worth_cost"
    return words(name, amount=words.money(abs(saved_quote), quote))


def _more(words: Words, name: str, count: int) -> Html:
    left = count - _REASONS
    return words(name, count=left) if left > 0 else Html("")


def _reason(words: Words, why: str) -> Html:
    """A reason a person tapped, or the code of the desk's own."""
    return words.named("reject_reasons" if why in REJECT_REASONS else "reasons", why)


def _open(words: Words, view: VetoView) -> Html:
    if not (view.open or view.waiting or view.void):
        return Html("")
    return words(
        "veto.open",
        open=view.open,
        worth=_worth(words, -view.open_pnl_quote, view.quote),
        waiting=view.waiting,
        void=view.void,
    )


def _head_of_newest(words: Words, view: VetoView) -> Html:
    """How many of all vetoes the list below shows, where it does not show all of them."""
    shown = len(view.newest[:_NEWEST])
    known = view.total.n + view.open + view.waiting + view.void
    return words("veto.newest_of", shown=shown, count=known) if known > shown else Html("")


def _newest(words: Words, view: VetoView, one: ShadowResult, names: Mapping[int, str]) -> Html:
    is_over = one.state is ShadowState.CLOSED
    return words(
        "veto.newest",
        time=words.moment(one.vetoed_at),
        symbol=one.symbol,
        veto=_said_no(words, one, names),
        result=_worth(words, -one.pnl_quote, view.quote)
        if is_over
        else words(f"veto.state_{one.state}"),
    )


def _said_no(words: Words, one: ShadowResult, names: Mapping[int, str]) -> Html:
    """Who said no: a person by name, the clock, or the desk's re-check."""
    if one.veto is Veto.REJECTED:
        return words("veto.rejected_by", who=called(words, names, one.decided_by))
    return words(f"veto.{one.veto}")


def _number(text: str) -> int | None:
    """A person's number as a total is named by it."""
    return int(text) if text.isdecimal() else None
