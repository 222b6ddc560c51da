"""A question about an order as its message tells it: asked, answered, sent, and what came of it.

Cards and purchases share these lines. What was asked stays as it was; what was approved instead,
or placed by an owner's rule at expiry, stands beside it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from bot.channel import Keyboard
from bot.messages.callbacks import REJECT_REASONS, Answer
from bot.messages.callbacks_approvals import SHARES, ChooseSize, HideSizes, OfferSizes
from bot.messages.markup import Html
from bot.messages.names import called, end_name
from bot.messages.rendered import Telling, button
from bot.messages.words import Words
from engine.domain.approvals import Approval, read_expiry_note
from engine.domain.decisions import ExitPlan
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.orders import Fill, Order
from engine.domain.portfolio import Trade
from engine.domain.views import Press

_IN_A_ROW = 3
_ENDED_WITHOUT_A_FILL = (OrderState.REFUSED, OrderState.REJECTED, OrderState.CANCELLED)


class Story(Protocol):
    """What a card and a purchase have in common."""

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """All questions, oldest first."""
        ...

    @property
    def orders(self) -> tuple[Order, ...]:
        """All orders, oldest first."""
        ...

    @property
    def fills(self) -> tuple[Fill, ...]:
        """All fills, oldest first."""
        ...

    @property
    def trade(self) -> Trade | None:
        """The closed trade."""
        ...

    @property
    def names(self) -> Mapping[int, str]:
        """People by user id."""
        ...

    @property
    def approval(self) -> Approval | None:
        """The latest question."""
        ...

    @property
    def order(self) -> Order | None:
        """The latest order."""
        ...


def asked_order(story: Story) -> Order | None:
    """The order of the latest question: what people were asked about, whatever came of it."""
    approval = story.approval
    asked = approval and next((one for one in story.orders if one.id == approval.order_id), None)
    return asked or story.order


def exit_line(words: Words, entry: Decimal, plan: ExitPlan | None) -> Html:
    """Entry, stop and target in one line."""
    beside = (plan.stop_price, plan.take_profit_price or entry) if plan is not None else ()
    parts = [words("card.entry", price=words.price(entry, *beside))]
    if plan is not None:
        parts.append(_level(words, "card.stop", plan.stop_price, entry))
        if plan.take_profit_price is not None:
            parts.append(_level(words, "card.target", plan.take_profit_price, entry))
    return Html(" · ".join(parts))


def _level(words: Words, name: str, price: Decimal, entry: Decimal) -> Html:
    distance = words.percent(price / entry - 1, signed=True)
    return words(name, price=words.price(price, entry), distance=distance)


def state_lines(words: Words, story: Story, asks: Html, *, is_farewell: bool = False) -> list[Html]:
    """The question or its end, the order, and the close; ``asks`` opens a question.

    A ``is_farewell`` is never told again: a question that is open then goes on in a newer message.
    """
    found: list[Html] = []
    approval, order = story.approval, story.order
    if is_farewell and approval is not None and approval.state is ApprovalState.PENDING:
        found.append(words("card.asked_below"))
    elif approval is not None and approval.state is ApprovalState.PENDING:
        found += _pending(words, story, approval, asks)
    elif approval is not None:
        found += _ended(words, story, approval)
    if order is not None:
        found += _order(words, order, story.fills, approval)
    if story.trade is not None:
        found.append(_closed(words, story.trade))
    return found


def _closed(words: Words, trade: Trade) -> Html:
    return words(
        "card.state_closed",
        reason=words.named("reasons", trade.exit_reason),
        price=words.price(trade.exit_price),
        pnl=words.money(trade.pnl_quote, trade.symbol.quote, signed=True),
        time=words.clock_beside(trade.closed_at, trade.opened_at),
    )


def _ended(words: Words, story: Story, approval: Approval) -> list[Html]:
    decided = approval.decided_at
    at = words.clock_beside(decided, approval.created_at) if decided else "–"
    rule = read_expiry_note(approval.note)
    note = "" if rule else noted(words, approval.note)
    end = words(
        end_name(words, "card.state_", approval.state, approval.note),
        who=", ".join(who_decided(words, story.names, approval)),
        time=at,
        note=Html(f" · {note}") if note else "",
        share=_share(words, story),
        size=_size(words, story.order),
    )
    return [end, *_by_rule(words, story, rule)]


def who_decided(words: Words, names: Mapping[int, str], approval: Approval) -> list[str]:
    """Everybody who agreed where several had to, else who decided."""
    people = approval.approvers if approval.state is ApprovalState.APPROVED else ()
    return [called(words, names, number) for number in people or (approval.decided_by,)]


def noted(words: Words, note: str) -> Html:
    """The note of an end in words: a person's reason, or the desk's."""
    table = "reject_reasons" if note in REJECT_REASONS else "reasons"
    return words.named(table, note) if note else Html("")


def _by_rule(words: Words, story: Story, rule: tuple[str, str] | None) -> list[Html]:
    """What an owner's rule did when nobody had answered."""
    if rule is None:
        return []
    name, why = rule
    if why:
        reason = words.named("reasons", why)
        return [words("card.rule_nothing", rule=words.named("expiry_rules", name), reason=reason)]
    order = story.order
    price = words.price(order.intent.limit_price or order.intent.reference_price) if order else "–"
    return [words(f"card.rule_{name}", size=_size(words, order), price=price)]


def _share(words: Words, story: Story) -> str:
    """How much of what was asked about was approved in the end."""
    asked, order = asked_order(story), story.order
    if asked is None or order is None:
        return "–"
    return words.percent(order.intent.quantity / asked.intent.quantity, digits=0)


def _size(words: Words, order: Order | None) -> str:
    if order is None:
        return "–"
    intent = order.intent
    notional = words.money(intent.notional_quote, intent.symbol.quote)
    return f"{words.quantity(intent.quantity)} {intent.symbol.base} ≈ {notional}"


def _pending(words: Words, story: Story, approval: Approval, asks: Html) -> list[Html]:
    before = story.approvals[-2] if len(story.approvals) > 1 else None
    found = [asks]
    if before is not None:
        note = words.named("reasons", before.note or "none")
        found = [words("card.asked_again", note=note)]
    found.append(
        words(
            "card.pending",
            time=words.clock_beside(approval.expires_at, approval.created_at),
            drift=words.bps(Decimal(approval.max_drift_bps)),
        )
    )
    if approval.needed > 1:
        named = ", ".join(called(words, story.names, one) for one in approval.approvers) or "–"
        found.append(
            words("card.quorum", have=len(approval.approvers), needed=approval.needed, who=named)
        )
    if approval.ask_again_at is not None:
        again = words.clock_beside(approval.ask_again_at, approval.created_at)
        found.append(words("card.later", time=again))
    return found


def _order(
    words: Words, order: Order, fills: Sequence[Fill], approval: Approval | None
) -> list[Html]:
    mine = [fill for fill in fills if fill.order_id == order.id]
    if mine:
        return [_filled(words, order, mine)]
    if order.state in _ENDED_WITHOUT_A_FILL:
        is_asked = approval is not None and approval.order_id == order.id
        ended = is_asked and approval is not None and approval.state is not ApprovalState.APPROVED
        note = words.named("reasons", order.note or "none")
        return [] if ended else [words(f"card.order_{order.state}", note=note)]
    if order.state in (OrderState.OPEN, OrderState.SUBMITTING, OrderState.UNKNOWN):
        return [words(f"card.order_{order.state}")]
    return []


def _filled(words: Words, order: Order, fills: Sequence[Fill]) -> Html:
    quote, base = order.intent.symbol.quote, order.intent.symbol.base
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    notional = sum((fill.notional_quote for fill in fills), Decimal(0))
    fee = sum((fill.fee_quote for fill in fills), Decimal(0))
    whole = quantity >= order.intent.quantity
    return words(
        "card.order_filled" if whole else "card.order_partly",
        quantity=words.quantity(quantity),
        wanted=words.quantity(order.intent.quantity),
        base=base,
        price=words.price(notional / quantity),
        fee=words.money(fee, quote),
        time=words.clock_beside(fills[-1].filled_at, order.intent.created_at),
    )


def question_keyboard(telling: Telling, story: Story, *talk: Keyboard) -> Keyboard:
    """The verdicts while it is open, the sizes if they are asked for, then the reasons of a no."""
    approval = story.approval
    if approval is None or approval.state is ApprovalState.PENDING:
        if approval is None or not telling.may_decide:
            return tuple(row for rows in talk for row in rows)
        if telling.text("sizes") == approval.token:
            return _sizes(telling, story, approval)
        return (*_verdicts(telling, approval), *(row for rows in talk for row in rows))
    if approval.state is ApprovalState.REJECTED and not approval.note and telling.may_decide:
        raw = telling.words.raw
        asked = [
            button(raw(f"reject_reasons.{reason}"), Answer(approval.token, Press.REJECT, reason))
            for reason in REJECT_REASONS
        ]
        return tuple(asked[:_IN_A_ROW]), tuple(asked[_IN_A_ROW:])
    return ()


def _verdicts(telling: Telling, approval: Approval) -> Keyboard:
    raw = telling.words.raw
    said = {
        press: button(raw(f"buttons.{press}"), Answer(approval.token, press)) for press in Press
    }
    return (
        (said[Press.APPROVE], said[Press.HALF], said[Press.REJECT]),
        (button(raw("buttons.size"), OfferSizes(approval.token)), said[Press.LATER]),
    )


def _sizes(telling: Telling, story: Story, approval: Approval) -> Keyboard:
    """Parts of the order to choose from, each with what it would cost."""
    words, order = telling.words, asked_order(story)
    notional = order.intent.notional_quote if order else Decimal(0)
    chosen = tuple(
        button(
            f"{percent} % ≈ {words.number(notional * percent / 100, 0)}",
            ChooseSize(approval.token, percent),
        )
        for percent in SHARES
    )
    return chosen, (button(words.raw("buttons.verdicts"), HideSizes(approval.token)),)
