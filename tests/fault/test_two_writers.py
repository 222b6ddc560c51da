"""Two processes that write to one database, as the engine and the bot do when they are parted."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal

from db.unit_of_work import SqlUnits

_TIMES = 50
_VENUE = "sim"


def _add_one_many_times(url: str) -> None:
    with closing(SqlUnits(url)) as units:
        for _ in range(_TIMES):
            with units() as unit:
                balance = unit.paper.balances("binance").get("USDT", Decimal(0))
                unit.paper.set_balance("binance", "USDT", balance + 1)
                unit.commit()


def test_a_balance_that_two_writers_read_and_write_back_loses_nothing(database_url: str) -> None:
    with ThreadPoolExecutor(2) as writers:
        list(writers.map(_add_one_many_times, [database_url] * 2))
    with closing(SqlUnits(database_url)) as units, units(read_only=True) as unit:
        assert unit.paper.balances("binance") == {"USDT": Decimal(2 * _TIMES)}
