"""What steers the desk, to look at and to change by buttons: limits, versions, mode."""

from decimal import Decimal

from bot.channel import Button, Keyboard
from bot.messages.callbacks_changes import (
    LIMIT_PAGES,
    ChooseMode,
    ChooseVersion,
    ShowLimits,
    version_ref,
)
from bot.messages.changes import limit_name, proof_line, shown_limit
from bot.messages.markup import Html, one_line
from bot.messages.names import called
from bot.messages.rendered import Rendered, Telling, button, lines
from bot.messages.words import Words
from engine.domain.changes import LimitRow, VersionRow
from engine.domain.desk import Mode

_MODES = (Mode.ALERT, Mode.PAPER)
_SHOWN_VERSIONS = 10


def render_limits(telling: Telling) -> Rendered:
    """The limits of one section, each with where its value comes from."""
    words = telling.words
    page = telling.text("page") if telling.text("page") in LIMIT_PAGES else LIMIT_PAGES[0]
    names = {person.user_id: person.name for person in telling.desk.people()}
    rows = telling.desk.changes.limits(page)
    return Rendered(
        text=lines(
            words("limits.head", section=words(f"limits.{page}")),
            *(_limit(words, row, names) for row in rows),
            words("limits.how") if telling.may_decide else "",
        ),
        keyboard=(
            tuple(
                button(words.raw(f"limits.{name}"), ShowLimits(name))
                for name in LIMIT_PAGES
                if name != page
            ),
        ),
    )


def _limit(words: Words, row: LimitRow, names: dict[int, str]) -> Html:
    change = row.override
    origin = Html("")
    if change is not None:
        origin = words(
            "limits.changed",
            who=called(words, names, change.set_by),
            time=words.moment(change.set_at),
            file=shown_limit(words, row.key, row.file_value),
        )
    return words(
        "limits.line",
        name=limit_name(words, row.key),
        value=shown_limit(words, row.key, row.value),
        key=row.key.partition(".")[2],
        origin=origin,
    )


def render_strategies(telling: Telling) -> Rendered:
    """The versions that may be traded, or the weights of the one that is."""
    words, rows = telling.words, telling.desk.changes.versions()
    active = next((row for row in rows if row.is_active), None)
    is_weights = telling.text("about") == "weights"
    shown = [row for row in rows if not is_weights or (active and row.name == active.name)]
    shown = shown[:_SHOWN_VERSIONS]
    waiting = telling.desk.changes.waiting()
    name = active.version if active else telling.desk.status().strategy_version
    return Rendered(
        text=lines(
            words("strategies.head_weights" if is_weights else "strategies.head", version=name),
            proof_line(words, active.proof) if active else "",
            words("strategies.waiting", version=waiting) if waiting else "",
            *((_shares(words, active),) if is_weights and active else ()),
            *(_version(words, row, is_weights=is_weights) for row in shown if not row.is_active),
            words("strategies.none") if len(shown) < 2 else "",  # noqa: PLR2004 - the active one and another
        ),
        keyboard=_choices(telling, shown, is_weights=is_weights),
    )


def _version(words: Words, row: VersionRow, *, is_weights: bool) -> Html:
    head = words(
        "strategies.line",
        version=row.version,
        timeframe=row.timeframe,
        proof=words(f"strategies.proof_{row.proof}"),
    )
    return lines(head, _shares(words, row)) if is_weights else head


def _shares(words: Words, row: VersionRow) -> Html:
    parts = [
        f"{one_line(code)} {words.percent(Decimal(str(round(share, 4))))}"
        for code, share in row.weights.items()
    ]
    return Html(" · ".join(parts))


def _choices(telling: Telling, rows: list[VersionRow], *, is_weights: bool) -> Keyboard:
    if not telling.may_decide:
        return ()
    return tuple(
        (
            button(
                telling.words.raw("buttons.choose").replace("{version}", row.version[:40]),
                ChooseVersion("weights" if is_weights else "strategy", version_ref(row.version)),
            ),
        )
        for row in rows
        if not row.is_active
    )


def render_mode(telling: Telling) -> Rendered:
    """What the desk may do, and the other thing it might."""
    words, now = telling.words, telling.desk.changes.mode()
    buttons: tuple[Button, ...] = ()
    if telling.may_decide:
        buttons = tuple(
            button(words.raw(f"buttons.mode_{mode}"), ChooseMode(mode))
            for mode in _MODES
            if mode is not now
        )
    return Rendered(
        text=lines(
            words("modes.head", mode=words(f"mode.{now}")),
            words(f"modes.{now}"),
            words("modes.live_far") if now is not Mode.LIVE else "",
        ),
        keyboard=(buttons,) if buttons else (),
    )
