"""The secrets of a tree, for those who must keep them out of logs."""

import dataclasses
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr

from config.settings import Settings


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret that is set, as plain text: for redaction, nothing else."""
    found = [one for name in type(settings).model_fields for one in _in(getattr(settings, name))]
    try:
        password = urlsplit(settings.database.url).password
    except ValueError:
        password = None
    return tuple(one for one in (*found, password or "") if one)


def _in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict):
        for one in value.values():
            yield from _in(one)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _in(getattr(value, field.name))
