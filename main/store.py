"""The database for commands that ask nothing of a venue: quick to open, quick to import."""

from collections.abc import Iterator
from contextlib import contextmanager

from config import Settings
from db.migrate import check, current, upgrade
from db.unit_of_work import SqlUnits


@contextmanager
def open_store(settings: Settings) -> Iterator[SqlUnits]:
    """The database, made on a first start; ``SchemaOutdatedError`` if it needs an upgrade."""
    url = settings.database.url
    if current(url) is None:
        upgrade(url)
    else:
        check(url)
    units = SqlUnits(url)
    try:
        yield units
    finally:
        units.close()
