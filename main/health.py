"""Whether the desk is well, for machines: ``/health/live``, ``/health/ready``, ``/metrics``.

Live: the event loop answers. Ready: the database answers and no job has failed. The numbers are
gauges made at the moment they are asked for. A busy port is a warning, not a reason not to trade.
"""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from config.sections import HealthSettings
from engine.domain.desk import MessageState
from engine.domain.views import StatusView

_log = structlog.get_logger()

type ReadStatus = Callable[[], Awaitable[StatusView]]


class HealthServer:
    """Serves the three addresses until it is stopped."""

    def __init__(self, settings: HealthSettings, read_status: ReadStatus) -> None:
        self._settings = settings
        self._read_status = read_status
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen, or warn and go without."""
        if not self._settings.enabled:
            return
        app = web.Application()
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()
        except OSError as err:
            _log.warning(
                "health_not_served",
                address=f"{self._settings.host}:{self._settings.port}",
                detail=str(err),
                remedy="set health.port to a free one, or 0",
            )

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens."""
        found = self._runner.addresses if self._runner else []
        return tuple(f"http://{host}:{port}" for host, port, *_ in found)

    async def _live(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def _ready(self, _: web.Request) -> web.Response:
        status = await self._read_status()
        failing = [run.name for run in status.jobs if not run.ok]
        return web.json_response(
            {"status": "failing" if failing else "ready", "failing_jobs": failing},
            status=503 if failing else 200,
        )

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(_gauges(await self._read_status()))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _gauges(status: StatusView) -> CollectorRegistry:
    registry = CollectorRegistry()

    def put(name: str, help_text: str, value: float) -> None:
        Gauge(f"cryptotrader_{name}", help_text, registry=registry).set(value)

    put("equity_quote", "Equity in quote currency.", float(status.equity_quote))
    put("open_positions", "Positions held.", status.open_positions)
    put("open_questions", "Questions without an answer.", status.open_questions)
    put("unfinished_orders", "Orders in no final state.", status.unfinished_orders)
    put("killed", "1 while the kill switch is on.", float(status.controls.killed))
    put("paused", "1 while entries are paused.", float(status.controls.paused))
    put("jobs_failing", "Jobs whose last run failed.", sum(not run.ok for run in status.jobs))
    if status.last_close is not None:
        age_s = (status.now - status.last_close).total_seconds()
        put("last_close_age_seconds", "Market time since the last scanned close.", age_s)
    waiting = Gauge("cryptotrader_outbox", "Messages by state.", ["state"], registry=registry)
    for state in MessageState:
        waiting.labels(state=state.value).set(status.outbox.get(state, 0))
    return registry
