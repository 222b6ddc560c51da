"""``scan`` and ``data backfill`` as a user runs them, against venues that speak the real protocols.

A ``cryptotrader.toml`` that names a loopback Binance, Bitfinex or KuCoin → the program's own script
→ an unmodified ccxt → the rows on stdout.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.cli import Answer
from tests.scenario.venue_desk import SYMBOLS, desk, stocked
from tests.servers.exchanges import (
    BinanceServer,
    BitfinexServer,
    ExchangeServer,
    Html,
    KucoinServer,
    MangleRows,
    Row,
    ServerError,
)

SERVERS = {"binance": BinanceServer, "bitfinex": BitfinexServer, "kucoin": KucoinServer}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[ExchangeServer]:
    """Each venue in turn."""
    with SERVERS[request.param]() as opened:
        yield stocked(opened)


@pytest.fixture
def binance() -> Iterator[ExchangeServer]:
    with BinanceServer() as opened:
        yield stocked(opened)


def test_scan_ranks_what_a_venue_shows_and_backfill_resumes(
    server: ExchangeServer, tmp_path: Path
) -> None:
    since = f"{datetime.now(UTC) - timedelta(hours=300):%Y-%m-%dT%H:00}"
    backfill = f"data backfill --symbol BTC/USDT --timeframe 1h --since {since} --json"
    with desk(tmp_path, server).session() as run:
        assert run(backfill).ok().json["filled"][0]["stored"] in (300, 301)  # an hour may end here
        assert run(backfill).ok().json["filled"][0]["stored"] in (0, 1)
        assert_ranked(run("scan --json").ok().json, server.ccxt_id)
        table = run("scan --symbol ETH/USDT").ok().out
        stored = run("data status --json").ok().json
    assert "ETH/USDT" in table
    assert "BTC/USDT" not in table
    assert {(one["venue"], one["symbol"]) for one in stored["streams"]} == {
        (server.ccxt_id, symbol) for symbol in SYMBOLS
    }
    assert stored["quarantined"] == []


def assert_ranked(document: dict[str, Any], venue: str) -> None:
    """The strongest first, every score the sum of its parts, every row with cost and verdict."""
    assert document["venue"] == venue
    assert document["simulated"] is False
    assert [one["freshness"] for one in document["data"]] == ["fresh", "fresh"]
    rows = document["opportunities"]
    assert {row["symbol"] for row in rows} == set(SYMBOLS)
    strengths = [abs(Decimal(row["score"]["signed"])) for row in rows]
    assert strengths == sorted(strengths, reverse=True)
    for row in rows:
        parts = [Decimal(part["points"]) for part in row["score"]["contributions"]]
        assert len(parts) == len(row["signals"]) == 8
        assert sum(parts) == Decimal(row["score"]["signed"])
        assert all(signal["reason"] for signal in row["signals"])
        assert row["closed_at"] == document["closed_at"]
        assert row["calibrated"] is False
        assert row["edge"] is None
        cost = {name: Decimal(part) for name, part in row["cost"].items()}
        assert cost["total_bps"] == sum(cost.values()) - cost["total_bps"] > 0
        assert row["route"] in ("none", "refuse", "ask")
        assert row["reason"]


def test_a_venue_that_talks_nonsense_breaks_nothing(
    binance: ExchangeServer, tmp_path: Path
) -> None:
    """Pages instead of candles, rows that no market can have, nothing at all; then it recovers."""
    backfill = "data backfill --symbol BTC/USDT --timeframe 1h --since 2026-01-01 --json"
    with desk(tmp_path, binance).session() as run:
        binance.fail(binance.candle_path, Html(), times=1_000)
        assert_nothing_decided(run("scan --json"), "venue_error")
        assert_not_reached(run(backfill))
        binance.heal()

        binance.fail(binance.candle_path, MangleRows(with_impossible_rows), times=1_000)
        assert_nothing_decided(run("scan --json"), "quarantined")
        refused = run("data status --json").ok().json["quarantined"]
        assert {one["symbol"] for one in refused} == set(SYMBOLS)
        assert all(one["reason"] for one in refused)
        binance.heal()

        binance.fail(".*", ServerError(), times=1_000)
        assert_not_reached(run("scan --json"))
        binance.heal()

        assert_ranked(run("scan --json").ok().json, "binance")


def with_impossible_rows(rows: list[Row]) -> list[Row]:
    """The newest three bars close at no number."""
    spoiled = [(at, o, h, low, "NaN", volume) for at, o, h, low, _, volume in rows[-3:]]
    return [*rows[:-3], *spoiled]


def assert_nothing_decided(answer: Answer, freshness: str) -> None:
    """The rows say what was wrong, and no entry is granted."""
    document = answer.ok().json
    assert [one["freshness"] for one in document["data"]] == [freshness, freshness]
    assert all(one["detail"] for one in document["data"])
    assert all(row["route"] in ("none", "refuse") for row in document["opportunities"])
    assert "Traceback" not in answer.err


def assert_not_reached(answer: Answer) -> None:
    """Exit code 4, one plain line that names the venue, nothing on stdout."""
    assert answer.code == 4
    assert answer.out == ""
    assert "cryptotrader: binance" in answer.err
    assert "Traceback" not in answer.err
