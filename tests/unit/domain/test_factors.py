"""Codes as RFC 6238 has them, each good once; wrong ones cost more and more time."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.desk.factors.codes import address, check, matching_steps, new_factor
from engine.domain.errors import InvalidValueError
from engine.domain.factors import (
    MOST_WRONG,
    CodeVerdict,
    Factor,
    FactorState,
    plain_code,
    recovery_digest,
)
from engine.domain.secret_text import SecretText
from engine.domain.values import from_ms
from tests.fakes.clock import CountedTokens

V = CodeVerdict
T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = SecretText(base64.b32encode(b"12345678901234567890").decode())

# RFC 6238, appendix B, the rows of SHA-1; six digits are the last six of its eight.
RFC_6238 = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]


def at(seconds: int) -> datetime:
    return from_ms(seconds * 1000)


def active(**changes: object) -> Factor:
    values = {
        "user_id": 1,
        "secret": SECRET,
        "made_at": T0,
        "state": FactorState.ACTIVE,
        "recovery": (recovery_digest(1, "aaaa-bbbb-cccc-dddd"),),
        **changes,
    }
    return Factor(**values)  # type: ignore[arg-type]  # the names are those of Factor


def judged(factor: Factor | None, code: str, now: datetime) -> tuple[CodeVerdict, Factor | None]:
    checked = check(factor, SecretText(code), now)
    return checked.verdict, checked.factor


@pytest.mark.parametrize(("seconds", "code"), RFC_6238)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert matching_steps(SECRET, code, at(seconds)) == [seconds // 30]


@pytest.mark.parametrize(
    ("late_s", "found"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_clock_may_be_one_step_off(late_s: int, found: bool) -> None:
    # 1234567890 is the first second of a step.
    assert bool(matching_steps(SECRET, "005924", at(1_234_567_890 + late_s))) is found


def test_a_right_code_is_good_once() -> None:
    verdict, after = judged(active(), "287082", at(59))
    assert verdict is V.RIGHT
    assert after is not None
    assert after.last_step == 1
    assert judged(after, "287082", at(59))[0] is V.USED


def test_an_older_code_than_the_last_one_is_used_up() -> None:
    # At 1111111111 both that step's code and the one before it would be within the drift.
    _, after = judged(active(), "050471", at(1_111_111_111))
    assert judged(after, "081804", at(1_111_111_111))[0] is V.USED


@pytest.mark.parametrize("typed", ["287 082", " 287082 ", "287-082"])
def test_spaces_and_hyphens_do_not_matter(typed: str) -> None:
    assert judged(active(), typed, at(59))[0] is V.RIGHT


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "２８７０８２", "abcdef", "94287082"])
def test_anything_else_is_wrong(typed: str) -> None:
    assert judged(active(), typed, at(59))[0] is V.WRONG


def test_a_recovery_code_is_good_once_and_only_for_its_person() -> None:
    verdict, after = judged(active(), "AAAA BBBB cccc dddd", T0)
    assert verdict is V.RIGHT
    assert after is not None
    assert after.recovery == ()
    assert judged(after, "aaaa-bbbb-cccc-dddd", T0)[0] is V.WRONG
    assert judged(active(user_id=2), "aaaa-bbbb-cccc-dddd", T0)[0] is V.WRONG


@pytest.mark.parametrize("factor", [None, active(state=FactorState.PENDING)])
def test_nothing_is_proved_before_the_set_up_was_confirmed(factor: Factor | None) -> None:
    assert judged(factor, "287082", at(59)) == (V.NOT_ENROLLED, None)


def test_the_fifth_wrong_code_costs_a_minute_and_each_further_one_twice_that() -> None:
    factor: Factor | None = active()
    now, waits = T0, []
    for _ in range(8):
        _, factor = judged(factor, "000000", now)
        assert factor is not None
        if factor.locked_until is not None:
            waits.append((factor.locked_until - now).total_seconds())
            now = factor.locked_until
    assert waits == [60, 120, 240, 480]


def test_the_wait_is_a_day_at_most() -> None:
    factor = active(wrong_tries=200).wrong(T0)
    assert factor.locked_until == T0 + timedelta(days=1)


def test_while_locked_not_even_the_right_code_counts() -> None:
    now = at(59)
    locked = active(wrong_tries=MOST_WRONG, locked_until=now + timedelta(seconds=1))
    assert judged(locked, "287082", now) == (V.LOCKED, locked)


def test_the_lock_ends_on_time_and_a_right_code_forgives() -> None:
    now = at(59)
    over = active(wrong_tries=7, locked_until=now)
    verdict, after = judged(over, "287082", now)
    assert verdict is V.RIGHT
    assert after is not None
    assert (after.wrong_tries, after.locked_until) == (0, None)


def test_a_new_factor_has_160_bits_and_eight_recovery_codes() -> None:
    factor = new_factor(7, CountedTokens(), T0)
    assert len(base64.b32decode(factor.secret.reveal())) == 20
    assert factor.shown_codes is not None
    codes = factor.shown_codes.reveal().split()
    assert len(set(codes)) == 8
    assert all(len(plain_code(code)) == 16 for code in codes)
    assert factor.recovery == ()


def test_the_confirmation_keeps_digests_only() -> None:
    pending = new_factor(7, CountedTokens(), T0)
    assert pending.shown_codes is not None
    codes = pending.shown_codes.reveal().split()
    confirmed = pending.confirmed(41)
    assert confirmed.shown_codes is None
    assert confirmed.recovery == tuple(recovery_digest(7, code) for code in codes)
    assert confirmed.last_step == 41
    assert not any(code in repr(confirmed) for code in codes)


def test_two_people_never_get_the_same_secret() -> None:
    tokens = CountedTokens()
    assert new_factor(1, tokens, T0).secret != new_factor(2, tokens, T0).secret


def test_an_active_factor_with_clear_codes_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="shown_codes"):
        active(shown_codes=SecretText("aaaa"))


def test_the_address_is_what_an_authenticator_reads() -> None:
    text = address(SECRET, "Änn & Co").reveal()
    assert text.startswith("otpauth://totp/cryptotrader:%C3%84nn%20%26%20Co?")
    assert f"secret={SECRET.reveal()}" in text
    assert "issuer=cryptotrader" in text


def test_a_factor_prints_no_secret() -> None:
    factor = new_factor(7, CountedTokens(), T0)
    assert factor.secret.reveal() not in f"{factor!r} {factor}"


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.integers(0, 10**9))
def test_no_step_is_ever_accepted_twice(offsets: list[int], start: int) -> None:
    """Whatever order codes come in, each step proves one thing at most, and steps only go up."""
    import pyotp

    made = pyotp.TOTP(SECRET.reveal())
    factor, accepted = active(), []
    for offset in offsets:
        now = at(start * 30 + 60 + offset)
        code = made.generate_otp(start + 2 + offset // 30)
        verdict, after = judged(factor, code, now)
        if verdict is V.RIGHT:
            assert after is not None
            accepted.append(after.last_step)
        factor = after or factor
    assert accepted == sorted(set(accepted), key=lambda step: step or 0)
