"""Research: trials, verdicts, calibrations, jobs; a position's high-water price, never read, goes."""

import sqlalchemy as sa
from alembic import op

from db import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables of research, and drop a dead column."""
    op.create_table(
        "calibrations",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("version", types.SafeText(), nullable=False),
        sa.Column("strategy_version", types.SafeText(), nullable=False),
        sa.Column("fingerprint", types.SafeText(), nullable=False),
        sa.Column("timeframe", types.SafeText(), nullable=False),
        sa.Column("method", types.SafeText(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(), nullable=False),
        sa.Column("data_from", types.UtcDateTime(), nullable=False),
        sa.Column("data_to", types.UtcDateTime(), nullable=False),
        sa.Column("curves", sa.Text(), nullable=False),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_calibrations"),
        sa.UniqueConstraint("version", name="uq_calibrations_version"),
    )
    op.create_table(
        "proofs",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("strategy_version", types.SafeText(), nullable=False),
        sa.Column("fingerprint", types.SafeText(), nullable=False),
        sa.Column("lineage", types.SafeText(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(), nullable=False),
        sa.Column("timeframe", types.SafeText(), nullable=False),
        sa.Column("symbols", sa.Text(), nullable=False),
        sa.Column("data_from", types.UtcDateTime(), nullable=False),
        sa.Column("data_to", types.UtcDateTime(), nullable=False),
        sa.Column("data_digest", types.SafeText(), nullable=False),
        sa.Column("trials", types.BIG_INTEGER, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("predicted", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("row_no", name="pk_proofs"),
        sa.UniqueConstraint("id", name="uq_proofs_id"),
    )
    op.create_index(
        "ix_proofs_strategy_version_made_at", "proofs", ["strategy_version", "made_at"]
    )
    op.create_table(
        "research_jobs",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("kind", types.SafeText(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("requested_by", types.BIG_INTEGER, nullable=False),
        sa.Column("chat_id", types.BIG_INTEGER, nullable=True),
        sa.Column("requested_at", types.UtcDateTime(), nullable=False),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("done", types.BIG_INTEGER, nullable=False),
        sa.Column("total", types.BIG_INTEGER, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", types.SafeText(), nullable=False),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("row_no", name="pk_research_jobs"),
        sa.UniqueConstraint("id", name="uq_research_jobs_id"),
    )
    op.create_index(
        "ix_research_jobs_state_requested_at", "research_jobs", ["state", "requested_at"]
    )
    op.create_table(
        "trials",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("lineage", types.SafeText(), nullable=False),
        sa.Column("strategy_version", types.SafeText(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("code_digest", types.SafeText(), nullable=False),
        sa.Column("data_digest", types.SafeText(), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("daily_returns", sa.LargeBinary(), nullable=False),
        sa.Column("sharpe", sa.Double(), nullable=True),
        sa.Column("trades", types.BIG_INTEGER, nullable=False),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_trials"),
        sa.UniqueConstraint("id", name="uq_trials_id"),
    )
    op.create_index("ix_trials_lineage_seen_at", "trials", ["lineage", "seen_at"])
    op.drop_column("positions", "high_water_price")
