"""Migrated PostgreSQL schemas, one per test: made once, emptied and lent again.

A copy of the migrated schema takes a tenth of a second, as tables, indexes and sequences are files;
to empty the few tables that a test has filled takes a tenth of that. What is lent is always as new:
tables without a page, sequences at their start, columns and constraints as they were made. A schema
that a test has altered, or that somebody is still connected to, is dropped instead.
"""

import itertools
import time
from typing import Any

import psycopg

from db import migrate
from tests.servers.postgres import PrivatePostgres

TEMPLATE = "migrated"
_GONE_WITHIN_S = 0.5  # a backend outlives its connection for a moment
_LOOK_EVERY_S = 0.005
_COPY = """
DO $$
DECLARE source record;
BEGIN
  CREATE SCHEMA {schema};
  FOR source IN SELECT tablename FROM pg_tables WHERE schemaname = '{template}' LOOP
    EXECUTE format(
      'CREATE TABLE %1$I.%2$I (LIKE {template}.%2$I INCLUDING ALL)', '{schema}', source.tablename
    );
  END LOOP;
  INSERT INTO {schema}.alembic_version SELECT * FROM {template}.alembic_version;
END $$
"""
_EMPTY = """
DO $$
DECLARE filled text; counted record;
BEGIN
  SELECT string_agg(oid::regclass::text, ', ') INTO filled FROM pg_class
    WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'
    AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0;
  IF filled IS NOT NULL THEN EXECUTE 'TRUNCATE ' || filled; END IF;
  FOR counted IN SELECT sequencename FROM pg_sequences
    WHERE schemaname = '{schema}' AND last_value IS NOT NULL
  LOOP
    EXECUTE format('ALTER SEQUENCE {schema}.%I RESTART', counted.sequencename);
  END LOOP;
END $$
"""
_SHAPE = """
SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
  SELECT concat_ws('/', relname, relkind, attname, atttypid, attnotnull, atthasdef, attisdropped)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = '{schema}'::regnamespace
  UNION ALL SELECT concat_ws('/', conrelid, conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = '{schema}'::regnamespace
  UNION ALL SELECT concat_ws('/', tgrelid, tgname, tgenabled)
    FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid
    WHERE relnamespace = '{schema}'::regnamespace
  UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace
  UNION ALL SELECT version_num FROM {schema}.alembic_version
) AS parts(part)
"""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_numbers = itertools.count(1)


class Schemas:
    """The schemas of one server."""

    def __init__(self, server: PrivatePostgres) -> None:
        self._server = server
        self._free: list[str] = []
        self._shapes: dict[str, str] = {}
        with server.connect() as connection:
            connection.execute(f"CREATE SCHEMA {TEMPLATE}")
        migrate.upgrade(server.schema_url(TEMPLATE))

    def bare(self) -> str:
        """A new schema with nothing in it."""
        schema = f"test_{next(_numbers)}"
        with self._server.connect() as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        return schema

    def lend(self) -> str:
        """A migrated schema as new."""
        if self._free:
            return self._free.pop()
        schema = f"test_{next(_numbers)}"
        with self._server.connect() as connection:
            connection.execute(_COPY.format(schema=schema, template=TEMPLATE))
            self._shapes[schema] = self._shape(connection, schema)
        return schema

    def take_back(self, schema: str) -> None:
        """Empty it for the next test; an error if somebody holds a lock in it for long."""
        with self._server.connect() as connection:
            connection.execute("SET lock_timeout = '5s'")
            if self._is_left(connection) and self._is_as_made(connection, schema):
                connection.execute(_EMPTY.format(schema=schema))
                self._free.append(schema)
            else:
                connection.execute(f"DROP SCHEMA {schema} CASCADE")

    def drop(self, schema: str) -> None:
        """Drop it; an error if somebody holds a lock in it for long."""
        with self._server.connect() as connection:
            connection.execute("SET lock_timeout = '5s'")
            connection.execute(f"DROP SCHEMA {schema} CASCADE")

    def _is_left(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether nobody else is connected."""
        deadline = time.monotonic() + _GONE_WITHIN_S
        while connection.execute(_OTHERS).fetchone() != (0,):
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_EVERY_S)
        return True

    def _is_as_made(self, connection: psycopg.Connection[Any], schema: str) -> bool:
        return self._shape(connection, schema) == self._shapes[schema]

    @staticmethod
    def _shape(connection: psycopg.Connection[Any], schema: str) -> str:
        row = connection.execute(_SHAPE.format(schema=schema)).fetchone()
        assert row is not None
        return str(row[0])
