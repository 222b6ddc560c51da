"""Text that no database holds as it is, and values it must not be given."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from db.types import ExactDecimal, UtcDateTime, shield, unshield
from engine.domain.errors import InvalidValueError

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
