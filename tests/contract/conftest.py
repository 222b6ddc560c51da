"""The contract suites take ``units`` and ``database_url`` from ``tests/conftest.py``."""
