"""Logging: events with fields to stderr, as text for people or as JSON, without secrets.

structlog's events and the standard library's records (SQLAlchemy, APScheduler, Telegram's client)
→ one chain → redaction → one line. Redaction is the last step before rendering: it knows the
configured secrets by value, and fields and texts that look like secrets by shape, tracebacks too.
"""

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "********"

_SECRET_FIELD = re.compile(r"token|secret|password|passphrase|api_key|authorization", re.IGNORECASE)
_SECRET_SHAPES = re.compile(
    r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}"  # a Telegram token; the Bot API has it in every address
    r"|\bsk-[A-Za-z0-9_-]{16,}"  # a key of OpenAI or Anthropic
    r"|(?<=://)[^/@\s:]+:[^@\s/]+(?=@)"  # user and password in an address
)
_SHORTEST_SECRET = 4


class Redactor:
    """A structlog processor that replaces secrets, wherever in the event they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted((s for s in secrets if len(s) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """The event without secrets."""
        return {name: self._field(name, value) for name, value in event.items()}

    def _field(self, name: str, value: object) -> object:
        if _SECRET_FIELD.search(name) and isinstance(value, (str, bytes)):
            return MASK
        return self._clean(value)

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self._field(str(key), one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._clean(one) for one in value]
        if isinstance(value, (int, float)) or value is None:
            return value
        return self.text(str(value))

    def text(self, text: str) -> str:
        """A text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        return _SECRET_SHAPES.sub(MASK, text)


def configure_logs(level: str = "info", style: str = "text", secrets: Iterable[str] = ()) -> None:
    """Send all logs to stderr. Called once before the settings are known, and once after."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Redactor(secrets),
    ]
    renderer = _renderer(style)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)


def _renderer(style: str) -> Any:  # noqa: ANN401 - structlog's renderers share no type
    if style == "json":
        return structlog.processors.JSONRenderer(sort_keys=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
