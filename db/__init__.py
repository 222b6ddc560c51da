"""The database: tables, exact types, repositories, unit of work and migrations."""
