"""What ``doctor`` asks of the world: one small question per service, each with a short deadline.

Plain HTTP, not the vendors' clients: a question about reachability should not cost their imports,
and must say what went wrong in the address's own words. Answers never repeat a token or a key.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from config import Settings
from config.services import OpenAiSettings, TelegramSettings, VenueSettings
from config.words import without_password
from db import migrate
from engine.clock import SystemClock
from engine.domain.errors import CryptotraderError, DatabaseError, VenueError

_TIMEOUT_S = 5.0
_FORBIDDEN = (401, 403, 404)
_SKEW_LIMIT_S = 30.0


class Health(StrEnum):
    """How a part is. ``UNREACHABLE`` is somebody else's fault, ``FAILED`` can be mended here."""

    OK = "ok"
    OFF = "off"
    FAILED = "failed"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's report."""

    part: str
    health: Health
    detail: str
    remedy: str = ""


class _AnswerError(Exception):
    """The service answered and refused."""


class _NoAnswerError(Exception):
    """The service did not answer."""


def database(settings: Settings) -> Finding:
    """Whether it can be opened and has this program's schema."""
    url = settings.database.url
    where = without_password(url)
    try:
        version = migrate.current(url)
    except DatabaseError as err:
        remedy = "check [database] url, and that its server runs"
        return _finding("database", Health.UNREACHABLE, f"{where}: {err}", remedy)
    except CryptotraderError as err:
        return _finding("database", Health.FAILED, str(err), "correct [database] url")
    if version is None:
        return _finding("database", Health.OK, f"{where}: empty, made at the first start")
    if version != migrate.HEAD:
        detail = f"{where}: schema {version}, this program needs {migrate.HEAD}"
        return _finding("database", Health.FAILED, detail, "run `cryptotrader db upgrade`")
    return _finding("database", Health.OK, f"{where}: schema {version}")


def venue(name: str, settings: VenueSettings) -> Finding:
    """Whether it answers, knows the symbols, and how far the clocks are apart."""
    part = f"venue {name}"
    if settings.kind == "simulated":
        return _finding(part, Health.OK, "simulated market, no network")
    from engine.market.universe import explicit_universe
    from main.compose import open_ccxt

    clock = SystemClock()
    try:
        source = open_ccxt(name, settings, clock)
        try:
            skew_s = (source.server_time() - clock.now()).total_seconds()
            traded = set(source.symbols())
        finally:
            source.close()
    except VenueError as err:
        remedy = f"check the network, and [venues.{name}] base_url"
        return _finding(part, Health.UNREACHABLE, err.detail, remedy)
    except CryptotraderError as err:
        return _finding(part, Health.FAILED, str(err), f"correct [venues.{name}]")
    wanted = explicit_universe(settings.symbols) if settings.symbols else ()
    if unknown := [str(symbol) for symbol in wanted if symbol not in traded]:
        detail = f"does not trade {', '.join(unknown)}"
        return _finding(part, Health.FAILED, detail, f"correct [venues.{name}] symbols")
    if abs(skew_s) > _SKEW_LIMIT_S:
        detail = f"clocks differ by {skew_s:+.1f} s"
        return _finding(part, Health.FAILED, detail, "set this computer's clock (NTP)")
    return _finding(part, Health.OK, f"{len(traded)} markets, clock skew {skew_s:+.1f} s")


def telegram(settings: TelegramSettings) -> Finding:
    """Whether the token belongs to a bot."""
    token = settings.token.get_secret_value()
    if not token:
        return _finding("telegram", Health.OFF, "no token: the desk talks in the terminal")
    try:
        answer = _get(f"{settings.base_url.rstrip('/')}/bot{token}/getMe")
        name = answer["result"]["username"]
    except _AnswerError as err:
        remedy = "copy the token from BotFather again (CRYPTOTRADER_TELEGRAM__TOKEN)"
        return _finding("telegram", Health.FAILED, f"the token was refused ({err})", remedy)
    except (_NoAnswerError, KeyError, TypeError) as err:
        remedy = "check the network, and [telegram] base_url"
        return _finding("telegram", Health.UNREACHABLE, str(err), remedy)
    people = len(settings.owners) + len(settings.approvers) + len(settings.viewers)
    return _finding("telegram", Health.OK, f"@{name}, {people} people configured")


def model(name: str, settings: OpenAiSettings) -> Finding:
    """Whether a provider answers, takes the key, and has the model."""
    part = f"model {name}"
    base, key = settings.base_url.rstrip("/"), settings.api_key.get_secret_value()
    if not key and name != "ollama" and _is_the_vendors(base):
        variable = f"CRYPTOTRADER_LLM__{name.upper()}__API_KEY"
        return _finding(part, Health.FAILED, "no key", f"set {variable}")
    path, headers = _model_question(name, key)
    try:
        answer = _get(base + path, headers)
    except _AnswerError as err:
        remedy = f"check the key and [llm.{name}] base_url"
        return _finding(part, Health.FAILED, f"{base} refused ({err})", remedy)
    except _NoAnswerError as err:
        remedy = f"start the server, or correct [llm.{name}] base_url"
        return _finding(part, Health.UNREACHABLE, str(err), remedy)
    known = _model_names(answer)
    if known and not any(_same_model(settings.model, one) for one in known):
        detail = f"{base} has no model {settings.model}"
        return _finding(part, Health.FAILED, detail, f"set [llm.{name}] model to one it has")
    return _finding(part, Health.OK, f"{settings.model} at {base}")


def _finding(part: str, health: Health, detail: str, remedy: str = "") -> Finding:
    return Finding(part=part, health=health, detail=" ".join(detail.split()), remedy=remedy)


def _model_question(name: str, key: str) -> tuple[str, dict[str, str]]:
    if name == "ollama":
        return "/api/tags", {}
    if name == "anthropic":
        return "/v1/models", {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return "/models", {"Authorization": f"Bearer {key}"}


def _model_names(answer: Any) -> list[str]:  # noqa: ANN401 - a service's JSON
    """Names out of OpenAI's, Anthropic's (``data``) or Ollama's (``models``) list."""
    if not isinstance(answer, dict):
        return []
    rows = answer.get("data") or answer.get("models") or []
    return [str(row.get("id") or row.get("name")) for row in rows if isinstance(row, dict)]


def _same_model(wanted: str, known: str) -> bool:
    """Ollama appends a tag, Anthropic and OpenAI a date."""
    return known == wanted or known.startswith((f"{wanted}:", f"{wanted}-"))


def _is_the_vendors(base: str) -> bool:
    return (urlsplit(base).hostname or "").endswith((".openai.com", ".anthropic.com"))


def _get(url: str, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - a service's JSON
    if urlsplit(url).scheme not in ("http", "https"):
        raise _NoAnswerError(f"{_host(url)}: only http and https are spoken")
    request = Request(url, headers=headers or {})  # noqa: S310 - the scheme was checked
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - see above
            return json.load(answer)
    except HTTPError as err:
        if err.code in _FORBIDDEN:
            raise _AnswerError(f"HTTP {err.code}") from None
        raise _NoAnswerError(f"{_host(url)} answered HTTP {err.code}") from None
    except (URLError, OSError) as err:
        # `from None`: the cause holds the address, and Telegram's addresses hold the token.
        raise _NoAnswerError(f"{_host(url)}: {getattr(err, 'reason', err)}") from None
    except ValueError:
        raise _NoAnswerError(f"{_host(url)} answered something that is not JSON") from None


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
