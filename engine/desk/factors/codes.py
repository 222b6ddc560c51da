"""Judges a typed code: RFC 6238 with thirty-second steps and six digits, or a recovery code.

A clock may be one step off either way. A step counts once: a code read over somebody's shoulder
is worth nothing a second later. The secret is made from the desk's own token source, because
pyotp's generator cannot be handed in.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

import pyotp

from engine.domain.factors import (
    RECOVERY_CODES,
    CodeVerdict,
    Factor,
    plain_code,
    recovery_digest,
)
from engine.domain.ids import digest
from engine.domain.secret_text import SecretText
from engine.domain.values import to_ms
from engine.ports import TokenSource

STEP_S = 30
_DRIFT_STEPS = 1
_DIGITS = re.compile(r"[0-9]{6}")
_TOKENS = 3
_SECRET_BYTES = 20
_CODE_BYTES = 10
_GROUP = 4
_ISSUER = "cryptotrader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a code is worth, and the factor as it is to be stored after it."""

    verdict: CodeVerdict
    factor: Factor | None = None


def new_factor(user_id: int, tokens: TokenSource, now: datetime) -> Factor:
    """A fresh secret of 160 bits and eight recovery codes of 80, not yet confirmed."""
    secret = base64.b32encode(_random(tokens, _SECRET_BYTES)).decode()
    codes = [_grouped(_random(tokens, _CODE_BYTES)) for _ in range(RECOVERY_CODES)]
    return Factor(
        user_id=user_id,
        secret=SecretText(secret),
        shown_codes=SecretText(" ".join(codes)),
        made_at=now,
    )


def address(secret: SecretText, name: str) -> SecretText:
    """The ``otpauth://`` address that an authenticator reads from the picture."""
    made = pyotp.TOTP(secret.reveal(), interval=STEP_S)
    return SecretText(made.provisioning_uri(name=name, issuer_name=_ISSUER))


def check(factor: Factor | None, code: SecretText, now: datetime) -> Checked:
    """Judge a code against a confirmed factor; a right one is used up in the factor returned."""
    if factor is None or not factor.is_active:
        return Checked(verdict=CodeVerdict.NOT_ENROLLED)
    if factor.is_locked(now):
        return Checked(verdict=CodeVerdict.LOCKED, factor=factor)
    typed = plain_code(code.reveal())
    steps = matching_steps(factor.secret, typed, now)
    fresh = [step for step in steps if factor.last_step is None or step > factor.last_step]
    if fresh:
        return Checked(verdict=CodeVerdict.RIGHT, factor=factor.right(step=fresh[0]))
    if steps:
        return Checked(verdict=CodeVerdict.USED, factor=factor)
    kept = recovery_digest(factor.user_id, typed)
    if any([hmac.compare_digest(kept, one) for one in factor.recovery]):  # noqa: C419 - all are compared, whichever is right
        return Checked(verdict=CodeVerdict.RIGHT, factor=factor.right(recovery=kept))
    return Checked(verdict=CodeVerdict.WRONG, factor=factor.wrong(now))


def matching_steps(secret: SecretText, typed: str, now: datetime) -> list[int]:
    """The steps around now whose code was typed, oldest first."""
    if not _DIGITS.fullmatch(typed):
        return []
    present = to_ms(now) // (STEP_S * 1000)
    made = pyotp.TOTP(secret.reveal(), interval=STEP_S)
    near = range(max(0, present - _DRIFT_STEPS), present + _DRIFT_STEPS + 1)
    return [step for step in near if hmac.compare_digest(made.generate_otp(step), typed)]


def _random(tokens: TokenSource, size: int) -> bytes:
    """``size`` bytes out of three tokens, which hold at least 216 bits."""
    source = digest(*(tokens.token() for _ in range(_TOKENS)))
    return hashlib.sha256(source.encode()).digest()[:size]


def _grouped(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
