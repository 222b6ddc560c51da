"""Many reports in one message: what waited, what was held for the digest, many opportunities.

rows of the payload → newest state of each subject → a line each, by type, the most important first
→ as many as one message holds. The rows it found no room for are not covered: the sender lets them
wait for the next message, so that a list is never cut and each message is one delivery. What is
counted are subjects: a card that was told three times is one card. Of several opportunities in one
market the newest stands for all.

After a day without a connection a phone must not ring a hundred times, and nothing may be absent
for it. Questions that are open are never here; one that has ended says how.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice

from bot.channel import TEXT_LIMIT, Button, Keyboard
from bot.messages.callbacks import ShowCard
from bot.messages.callbacks_delivery import ShowScreen
from bot.messages.headlines import headline
from bot.messages.markup import Html, cut, escape, plain, shown_length
from bot.messages.rendered import Facts, Rendered, Renderer, Telling, button, lines
from engine.desk.front import DeskFront
from engine.domain.delivery import MessageType
from engine.domain.desk import Json
from engine.domain.ids import DecisionId
from engine.domain.market import Symbol
from engine.domain.orders import Fill, Order
from engine.domain.portfolio import Trade

_SPARE = 200
_LONGEST_LINE = 300
_BUTTONS = 12
_BUTTONS_A_ROW = 3
_MANY_TRADES = 1000
_RANKED = 100
_ORDER = (
    MessageType.FAILURE,
    MessageType.REMINDER,
    MessageType.QUESTION,
    MessageType.CLOSE,
    MessageType.FILL,
    MessageType.ALERT,
    MessageType.OPPORTUNITY,
    MessageType.RESEARCH,
    MessageType.DIGEST,
    MessageType.HEARTBEAT,
)


@dataclass(slots=True)
class _Entry:
    """What one line has to say: its newest row, the rows it stands for, and their subjects.

    Notices that say the same share a line; everything else has a line for each subject.
    """

    kind: str
    type_name: str
    payload: Mapping[str, Json]
    ids: list[str] = field(default_factory=list)
    subjects: set[str] = field(default_factory=set)
    score: Decimal = Decimal(0)


def list_renderer(renderers: Mapping[str, Renderer]) -> Renderer:
    """A renderer of lists, which leaves what a line says to the renderers of each kind."""

    def render_list(telling: Telling) -> Rendered | None:
        once = replace(telling, facts=_Once(telling.facts, telling.desk))
        return _rendered(renderers, once)

    return render_list


def _rendered(renderers: Mapping[str, Renderer], telling: Telling) -> Rendered | None:
    entries = _ordered(telling, _newest(telling.payload.get("rows")))
    text = _head(telling, entries)
    covered: set[str] = set()
    shown: list[_Entry] = []
    for place, entry in enumerate(entries):
        said = headline(renderers, telling, entry.kind, entry.payload)
        if said is not None:
            is_first = not shown or shown[-1].type_name != entry.type_name
            title = _title(telling, entry) if is_first else ""
            longer = lines(text, title, _fitting(said, len(entry.subjects)))
            if shown and shown_length(longer) > TEXT_LIMIT - _SPARE:
                follows = telling.words("backlog.follows", count=len(entries) - place)
                return _message(telling, lines(text, follows), shown, frozenset(covered))
            text = longer
            shown.append(entry)
        covered.update(entry.ids)
    return _message(telling, text, shown, None) if shown else None


def _message(
    telling: Telling, text: Html, shown: Sequence[_Entry], covered: frozenset[str] | None
) -> Rendered:
    return Rendered(text=text, keyboard=_keyboard(telling, shown), covered=covered)


def _newest(rows: Json) -> list[_Entry]:
    """One entry for each subject with its newest row, in the order of the first ones."""
    found: dict[tuple[str, ...], _Entry] = {}
    for row in rows if isinstance(rows, list) else []:
        payload = row.get("payload") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(payload, dict):
            continue
        kind, type_name = str(row.get("kind")), str(row.get("type", "other"))
        about = str(row.get("subject", row.get("id")))
        key = (kind, repr(payload)) if kind == "notice" else (kind, about)
        entry = found.setdefault(key, _Entry(kind=kind, type_name=type_name, payload=payload))
        entry.payload = payload
        entry.ids.append(str(row.get("id")))
        entry.subjects.add(about)
    return list(found.values())


def _ordered(telling: Telling, entries: list[_Entry]) -> list[_Entry]:
    """By type; opportunities best first, a line for each market; everything else as it came."""
    looked = (entry for entry in entries if _is_opportunity(entry))
    cards = {entry.payload.get("decision_id"): entry for entry in islice(looked, _RANKED)}
    markets: dict[Symbol, _Entry] = {}
    covered: list[_Entry] = []
    for number, entry in cards.items():
        view = telling.desk.card(DecisionId(str(number)), with_chart=False)
        if view is None:
            continue
        if view.decision.score is not None:
            entry.score = view.decision.score.points
        older = markets.get(view.decision.symbol)
        if older is not None:
            entry.ids = [*older.ids, *entry.ids]
            covered.append(older)
        markets[view.decision.symbol] = entry
    kept = [entry for entry in entries if not any(entry is one for one in covered)]
    rank = {str(kind): place for place, kind in enumerate(_ORDER)}
    return sorted(kept, key=lambda one: (rank.get(one.type_name, len(rank)), -one.score))


def _is_opportunity(entry: _Entry) -> bool:
    return entry.type_name == MessageType.OPPORTUNITY and entry.kind == "card"


def _head(telling: Telling, entries: Sequence[_Entry]) -> Html:
    words = telling.words
    counts = Counter[str]()
    for entry in entries:
        counts[entry.type_name] += len(entry.subjects)
    name = "held" if "total" in telling.payload else "head"
    if all(_is_opportunity(entry) for entry in entries):
        return words("backlog.flock", count=len(entries))
    parts = [f"{words.named('message_types', kind)} {count}" for kind, count in counts.items()]
    return lines(words(f"backlog.{name}", count=counts.total()), Html(" · ".join(parts)))


def _title(telling: Telling, entry: _Entry) -> Html:
    words = telling.words
    name = "ended" if entry.type_name == MessageType.QUESTION else entry.type_name
    return Html(f"<b>{words.named('message_types', name)}</b>")


def _fitting(said: Html, count: int) -> Html:
    """A line of bounded length, with how many subjects it stands for."""
    if shown_length(said) > _LONGEST_LINE:
        said = escape(cut(plain(said), _LONGEST_LINE))
    return Html(f"{said} (×{count})") if count > 1 else said


def _keyboard(telling: Telling, shown: Sequence[_Entry]) -> Keyboard:
    words = telling.words
    made = (_card_button(telling, entry) for entry in shown)
    cards = [one for one in made if one is not None]
    cards = cards[:_BUTTONS]
    rows = [tuple(cards[k : k + _BUTTONS_A_ROW]) for k in range(0, len(cards), _BUTTONS_A_ROW)]
    kinds = {entry.kind for entry in shown}
    screens = ["trades"] if kinds & {"fill", "closed"} else []
    screens += ["approvals"] if any(e.type_name == MessageType.QUESTION for e in shown) else []
    screens += ["status"] if "notice" in kinds else []
    if screens:
        rows.append(tuple(button(words.raw(f"screens.{one}"), ShowScreen(one)) for one in screens))
    return tuple(rows)


def _card_button(telling: Telling, entry: _Entry) -> Button | None:
    if entry.kind != "card":
        return None
    number = DecisionId(str(entry.payload.get("decision_id")))
    view = telling.desk.card(number, with_chart=False)
    if view is None:
        return None
    return button(cut(view.decision.symbol.base, 20), ShowCard(number))


class _Once:
    """``Facts`` that read the closed trades once for a whole list."""

    def __init__(self, facts: Facts, desk: DeskFront) -> None:
        self._facts = facts
        self._desk = desk
        self._trades: dict[str, Trade] | None = None

    def order(self, order_id: str) -> tuple[Order, tuple[Fill, ...]] | None:
        """An order and its fills."""
        return self._facts.order(order_id)

    def trade(self, trade_id: str) -> Trade | None:
        """A closed trade, among the newest thousand."""
        if self._trades is None:
            self._trades = {str(trade.id): trade for trade in self._desk.trades(_MANY_TRADES)}
        return self._trades.get(trade_id)
