"""Second factors: ``/totp``, and the codes people type.

A message that holds a code is taken away, in whatever chat it was written.
"""

import re
from dataclasses import replace

from bot.handlers.asking import Ask, Reply, Response, note, tell
from engine.desk.factors.front import FactorOutcome
from engine.domain.desk import Json
from engine.domain.factors import DASHES
from engine.domain.secret_text import SecretText

_SIX_DIGITS = re.compile(rf"[0-9]{{3}}[\s{DASHES}]?[0-9]{{3}}")
_GROUPED = re.compile(rf"(?:[a-z2-7]{{4}}[{DASHES}]){{3}}[a-z2-7]{{4}}", re.IGNORECASE)
_LOOSE = re.compile(r"(?=.*[2-7])(?:[a-z2-7]{4}\s?){3}[a-z2-7]{4}", re.IGNORECASE)
"""Without dashes a digit must be in it, or four words of four letters would be a code."""


def looks_like_code(text: str) -> bool:
    """Whether a text is six digits or a recovery code, and nothing else."""
    plain = text.strip()
    return any(form.fullmatch(plain) for form in (_SIX_DIGITS, _GROUPED, _LOOSE))


def totp(ask: Ask) -> Response:
    """Set up, replace or remove one's second factor; with a code alone, answer with it."""
    match [arg.lower() for arg in ask.args]:
        case []:
            return _stand_or_set_up(ask)
        case ["new"]:
            return _in_private(ask) or _told(ask.desk.factors.begin(ask.person.user_id))
        case ["new", *code] if looks_like_code(" ".join(code)):
            return _erased(_in_private(ask) or _begun_anew(ask, _secret(code)))
        case ["off", *code] if looks_like_code(" ".join(code)):
            outcome = ask.desk.factors.remove(ask.person.user_id, code=_secret(code))
            return _erased(_told(outcome))
        case code if looks_like_code(" ".join(code)):
            return type_code(ask, " ".join(code))
        case _:
            return note("totp_usage")


def type_code(ask: Ask, text: str) -> Response:
    """A code typed into a chat: it answers what waits for it."""
    return _erased(_told(ask.desk.factors.answer(SecretText(text), ask.person.user_id)))


def _stand_or_set_up(ask: Ask) -> Response:
    if ask.desk.factors.view(ask.person.user_id).is_active:
        return _in_private(ask) or tell("factor")
    return _in_private(ask) or _told(ask.desk.factors.begin(ask.person.user_id))


def _begun_anew(ask: Ask, code: SecretText) -> Response:
    return _told(ask.desk.factors.begin(ask.person.user_id, code=code))


def _in_private(ask: Ask) -> Response | None:
    return None if ask.incoming.is_private else note("totp_private")


def _secret(words: list[str]) -> SecretText:
    return SecretText(" ".join(words))


def _told(outcome: FactorOutcome) -> Response:
    """The sentence of an outcome; a set-up that has begun speaks for itself."""
    if outcome.done and outcome.text == "factors.set_up":
        return Response()
    payload: dict[str, Json] = {"text": outcome.text, "values": dict(outcome.values)}
    return Response(replies=(Reply(kind="said", payload=payload),))


def _erased(response: Response) -> Response:
    return replace(response, erases=True)
