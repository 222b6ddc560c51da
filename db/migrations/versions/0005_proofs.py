"""Verdicts know the venue and the days of their candles, trials what they earned beyond luck.

Verdicts of before do not say where their candles were from: they stay, and count on no desk. Of
trials of before it is not known what they earned beyond random entries: they stay, and count.
"""

import sqlalchemy as sa
from alembic import op

from db import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there gets the values that say "not known"."""
    op.add_column("proofs", sa.Column("venue", types.SafeText(), nullable=False, server_default=""))
    op.add_column(
        "proofs", sa.Column("market_days", sa.Text(), nullable=False, server_default="[]")
    )
    # SQLite keeps a plain '' as text, which is no series of numbers.
    nothing = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''")
    op.add_column(
        "trials",
        sa.Column("excess_returns", sa.LargeBinary(), nullable=False, server_default=nothing),
    )
