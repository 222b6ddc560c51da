"""Buttons of questions beyond the four verdicts: another size, and answers out of the inbox."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.messages.callback_kinds import AreaCallback, Kind
from engine.domain.views import Press

SHARES = (25, 50, 75)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{12,40}")
_VERDICTS = {"a": Press.APPROVE, "r": Press.REJECT}
_LETTERS = {press: letter for letter, press in _VERDICTS.items()}


@dataclass(frozen=True, slots=True)
class OfferSizes(AreaCallback):
    """Show the sizes to choose from under the card."""

    token: str


@dataclass(frozen=True, slots=True)
class HideSizes(AreaCallback):
    """Show the verdicts again."""

    token: str


@dataclass(frozen=True, slots=True)
class ChooseSize(AreaCallback):
    """Approve this share of what is asked about, in percent."""

    token: str
    percent: int


@dataclass(frozen=True, slots=True)
class AnswerInInbox(AreaCallback):
    """Answer a question where it is listed; the list stays a list."""

    token: str
    press: Press


def _of_token[C: AreaCallback](made_of: Callable[[str], C]) -> Callable[[Sequence[str]], C | None]:
    def read(parts: Sequence[str]) -> C | None:
        match parts:
            case [token] if _TOKEN.fullmatch(token):
                return made_of(token)
        return None

    return read


def _read_choice(parts: Sequence[str]) -> ChooseSize | None:
    match parts:
        case [token, percent] if _TOKEN.fullmatch(token) and percent in map(str, SHARES):
            return ChooseSize(token, int(percent))
    return None


def _read_answer(parts: Sequence[str]) -> AnswerInInbox | None:
    match parts:
        case [letter, token] if letter in _VERDICTS and _TOKEN.fullmatch(token):
            return AnswerInInbox(token, _VERDICTS[letter])
    return None


KINDS = (
    Kind(
        code="sz",
        made_of=OfferSizes,
        write=lambda it: (it.token,),
        read=_of_token(OfferSizes),
    ),
    Kind(
        code="sb",
        made_of=HideSizes,
        write=lambda it: (it.token,),
        read=_of_token(HideSizes),
    ),
    Kind(
        code="sp",
        made_of=ChooseSize,
        write=lambda it: (it.token, str(it.percent)),
        read=_read_choice,
    ),
    Kind(
        code="ia",
        made_of=AnswerInInbox,
        write=lambda it: (_LETTERS[it.press], it.token),
        read=_read_answer,
    ),
)
