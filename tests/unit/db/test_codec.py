"""Records as JSON text: nothing is lost, damage and newer formats are named."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import codec
from engine.domain.errors import DataError, InvalidValueError
from engine.domain.market import Symbol
from tests.fakes.samples import HOSTILE, decision, fill, intent, position


class _Word(StrEnum):
    YES = "y"


class _Number(IntEnum):
    BELOW_ZERO = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    word: _Word
    number: _Number
    amount: Decimal | None
    at: datetime
    day: date
    pair: tuple[str, float]
    many: tuple[Decimal, ...]
    by_name: Mapping[str, int]
    symbol: Symbol
    added_later: str = "default"


_SAMPLE = _Record(
    word=_Word.YES,
    number=_Number.BELOW_ZERO,
    amount=None,
    at=datetime(2026, 3, 1, 23, 59, 59, 1, tzinfo=UTC),
    day=date(2026, 3, 1),
    pair=(HOSTILE, 0.1 + 0.2),
    many=(Decimal("1.50"), Decimal("-0.000000012345678901")),
    by_name={"a": 1},
    symbol=Symbol("BTC", "USDT"),
)


def test_a_record_comes_back_equal() -> None:
    assert codec.load_record(_Record, codec.dump_record(_SAMPLE)) == _SAMPLE


@pytest.mark.parametrize("value", [intent(), fill(), position()])
def test_domain_values_come_back_equal(value: object) -> None:
    assert codec.load_record(type(value), codec.dump_record(value)) == value


def test_a_whole_decision_comes_back_to_the_letter() -> None:
    found = codec.load_record(type(decision()), codec.dump_record(decision()))
    assert repr(found) == repr(decision())


def test_the_stored_form_can_be_read_by_people() -> None:
    tree = json.loads(codec.dump_record(_SAMPLE))
    assert tree["v"] == 1
    assert tree["record"]["amount"] is None
    assert tree["record"]["word"] == "y"
    assert tree["record"]["number"] == "below_zero"
    assert tree["record"]["at"] == "2026-03-01T23:59:59.000001+00:00"
    assert tree["record"]["many"] == ["1.50", "-0.000000012345678901"]
    assert tree["record"]["symbol"] == "BTC/USDT"


def test_a_field_that_came_later_takes_its_default() -> None:
    text = codec.dump_record(_SAMPLE).replace('"added_later":"default",', "")
    assert codec.load_record(_Record, text) == _SAMPLE


def test_a_missing_field_is_named() -> None:
    text = codec.dump_record(_SAMPLE).replace('"symbol":"BTC/USDT",', "")
    with pytest.raises(DataError, match="symbol"):
        codec.load_record(_Record, text)


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(DataError, match="format 99"):
        codec.load_record(_Record, '{"v":99,"record":{}}')


@pytest.mark.parametrize("text", ["", "{", '{"record":{}}', "[]", '{"v":1,"record":null}'])
def test_damaged_text_is_a_data_error(text: str) -> None:
    with pytest.raises(DataError):
        codec.load_record(_Record, text)


def test_an_unknown_enum_value_is_a_data_error() -> None:
    with pytest.raises(DataError, match="_Word"):
        codec.decode(_Word, "perhaps")


def test_times_are_stored_in_utc() -> None:
    in_india = _SAMPLE.at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert codec.encode(in_india) == codec.encode(_SAMPLE.at)


def test_equal_json_has_equal_text() -> None:
    assert codec.canonical({"b": 1, "a": [True, None]}) == '{"a":[true,null],"b":1}'
    assert codec.canonical({"a": [True, None], "b": 1}) == '{"a":[true,null],"b":1}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"x"])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError):
        codec.canonical(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.50"),
        ("1E+3", "1000"),
        ("1E-8", "0.00000001"),
        ("-0.00", "0.00"),
        ("-7", "-7"),
    ],
)
def test_amounts_are_plain_digits(value: str, text: str) -> None:
    assert codec.decimal_text(Decimal(value)) == text


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(InvalidValueError):
        codec.decimal_text(Decimal(value))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_amount_comes_back_exactly(value: Decimal) -> None:
    assert codec.decode(Decimal, codec.encode(value)) == value


@given(st.floats(allow_nan=False))
def test_any_float_comes_back_exactly(value: float) -> None:
    text = codec.canonical(codec.encode(value))
    assert codec.decode(float, codec.parse(text)) == value


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON)
def test_any_json_comes_back_and_is_ascii(value: Any) -> None:  # noqa: ANN401 - any JSON
    text = codec.canonical(value)
    assert text.isascii()
    assert codec.parse(text) == value
