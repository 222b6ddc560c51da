"""The database for commands that ask nothing of a venue: quick to open, quick to import."""

from collections.abc import Iterator
from contextlib import contextmanager

from config import Settings
from db.migrate import check, current, upgrade
from db.unit_of_work import SqlUnits


def open_units(settings: Settings) -> SqlUnits:
    """The database, made on a first start; ``SchemaOutdatedError`` if it needs an upgrade."""
    url = settings.database.url
    settings.app.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if current(url) is None:
        upgrade(url)
    else:
        check(url)
    return SqlUnits(url)


@contextmanager
def open_store(settings: Settings) -> Iterator[SqlUnits]:
    """``open_units``, closed afterwards."""
    units = open_units(settings)
    try:
        yield units
    finally:
        units.close()
