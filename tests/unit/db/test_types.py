"""Text that no database holds as it is, and values it must not be given."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from db.types import ExactDecimal, Floats, UtcDateTime, shield, unshield
from engine.domain.errors import DataError, InvalidValueError

_ANY_TEXT = st.text(st.characters(codec=None) | st.sampled_from("\x00\ud800\udfff\ue000041"))


@given(_ANY_TEXT)
def test_any_text_comes_back_and_can_be_stored(text: str) -> None:
    stored = shield(text)
    assert "\x00" not in stored
    assert stored.encode().decode() == stored
    assert unshield(stored) == text


def test_ordinary_text_is_stored_as_it_is() -> None:
    assert shield("שלום 🚀 \u200f'\"\\") == "שלום 🚀 \u200f'\"\\"


def test_naive_times_are_refused() -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 - what is to be refused
    with pytest.raises(InvalidValueError, match="aware"):
        UtcDateTime().process_bind_param(naive, sqlite.dialect())


def test_what_is_no_amount_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="finite"):
        ExactDecimal().process_bind_param(Decimal("NaN"), sqlite.dialect())


def test_a_series_of_numbers_is_little_endian_doubles_everywhere() -> None:
    assert Floats().process_bind_param((1.0, -2.0), sqlite.dialect()) == bytes.fromhex(
        "000000000000f03f00000000000000c0"
    )


@given(st.lists(st.floats(allow_nan=False)))
def test_a_series_of_numbers_comes_back_to_the_last_bit(series: list[float]) -> None:
    stored = Floats().process_bind_param(tuple(series), sqlite.dialect())
    found = Floats().process_result_value(stored, sqlite.dialect())
    assert found is not None
    assert [value.hex() for value in found] == [value.hex() for value in series]


def test_a_series_that_was_cut_is_told() -> None:
    with pytest.raises(DataError, match="cut"):
        Floats().process_result_value(b"\x00" * 15, sqlite.dialect())
