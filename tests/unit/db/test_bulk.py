"""Candles out of SQLite as whole columns."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random

from db.migrate import upgrade
from db.unit_of_work import SqlUnits
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms
from tests.unit.market.candles import row, series_of

BTC = Symbol("BTC", "USDT")
H1 = Timeframe.H1
EVER = datetime(2100, 1, 1, tzinfo=UTC)


def test_bars_that_came_in_any_order_are_read_oldest_first_bit_by_bit(tmp_path: Path) -> None:
    chance = Random(3)
    bars = [row(number, 100 + chance.random()) for number in range(500)]
    whole = series_of(bars)
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    units = SqlUnits(url)
    with units() as unit:
        for number in chance.sample(range(500), 500):
            unit.candles.add("v", BTC, H1, series_of(bars[number : number + 1]))
        unit.commit()
    with units(read_only=True) as unit:
        assert unit.candles.between("v", BTC, H1, from_ms(0), EVER) == whole
        last = unit.candles.window("v", BTC, H1, until=EVER, limit=3)
        none = unit.candles.between("v", BTC, H1, EVER, EVER)
    units.close()
    assert list(last.open_ms) == list(whole.open_ms[-3:])
    assert none == CandleSeries.empty()
