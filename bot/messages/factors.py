"""What the chat says about second factors: the set-up, the request for a code, how one stands.

The secret is told in one private message, from the store and only while the set-up waits for its
confirmation; the row in the outbox holds the person's id and nothing else.
"""

from decimal import Decimal

from bot.charts.qr import QrPicture
from bot.messages.changes import changed
from bot.messages.desk import notice_values
from bot.messages.markup import Html
from bot.messages.rendered import Rendered, Telling, lines
from engine.domain.factors import Challenge, ChallengeKind
from engine.domain.ids import ChangeId
from engine.domain.values import to_ms


def render_factor(telling: Telling) -> Rendered:
    """How the reader's factor stands, and what can be done with it."""
    words, reader = telling.words, telling.reader
    view = telling.desk.factors.view(reader.user_id) if reader else None
    if view is None or not view.is_active or view.made_at is None:
        return Rendered(text=words("factors.none"))
    locked = view.locked_until
    return Rendered(
        text=lines(
            words(
                "factors.active",
                time=words.moment(view.made_at),
                count=view.recovery_left,
            ),
            words("factors.locked", time=words.clock(locked)) if locked else "",
            words("factors.usage"),
        )
    )


def render_setup(telling: Telling) -> Rendered | None:
    """Secret, picture and recovery codes, for the one person they belong to."""
    reader = telling.reader
    if reader is None or reader.user_id != telling.number("user_id"):
        return None
    view = telling.desk.factors.setup(reader.user_id)
    if view is None or to_ms(view.made_at) != telling.number("made_ms"):
        return None
    words = telling.words
    codes = [Html(f"<code>{one.reveal()}</code>") for one in view.recovery]
    pairs = [Html("   ".join(codes[at : at + 2])) for at in range(0, len(codes), 2)]
    return Rendered(
        text=lines(
            words("factors.setup_head"),
            Html(f"<code>{_grouped(view.secret.reveal())}</code>"),
            words("factors.setup_codes"),
            *pairs,
            words("factors.setup_end", time=words.clock_beside(view.expires_at, view.made_at)),
        ),
        picture=QrPicture(text=view.address),
        picture_name="second-factor",
    )


def render_wanted(telling: Telling) -> Rendered | None:
    """The request for a code; nothing once the wish has ended."""
    challenge = telling.desk.factors.challenge(telling.text("challenge"))
    if challenge is None or not challenge.is_open:
        return None
    words = telling.words
    is_code = challenge.kind is ChallengeKind.CODE
    return Rendered(
        text=lines(
            _wish(telling, challenge),
            words(
                "factors.wanted_code" if is_code else "factors.wanted_terminal",
                time=words.clock_beside(challenge.expires_at, challenge.opened_at),
                id=challenge.id,
            ),
        )
    )


def _wish(telling: Telling, challenge: Challenge) -> Html:
    """What a code is for, in the words of the area that wants it."""
    words = telling.words
    number = challenge.facts.get("change_id")
    view = telling.desk.changes.view(ChangeId(str(number))) if number is not None else None
    about = changed(words, view) if view else ""
    facts = dict(challenge.facts)
    if "notional" in facts:
        facts["notional"] = words.number(Decimal(str(facts["notional"])), 2)
    return words(f"factors.wish_{challenge.area}", **facts, what=about)


def render_said(telling: Telling) -> Rendered:
    """One sentence by its whole name, ``payload = {"text": name, "values": {…}}``."""
    words = telling.words
    name, values = telling.text("text"), telling.payload.get("values")
    return Rendered(text=words(name, **notice_values(words, name, values)))


def _grouped(secret: str) -> str:
    """A secret in groups of four, as people type it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
