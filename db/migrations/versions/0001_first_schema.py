"""First schema."""

import sqlalchemy as sa
from alembic import op

from db import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "approvals",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("order_id", types.SafeText(), nullable=False),
        sa.Column("decision_id", types.SafeText(), nullable=True),
        sa.Column("order_hash", types.SafeText(), nullable=False),
        sa.Column("token", types.SafeText(), nullable=False),
        sa.Column("round_no", types.BIG_INTEGER, nullable=False),
        sa.Column("reference_price", types.ExactDecimal(), nullable=False),
        sa.Column("max_drift_bps", types.BIG_INTEGER, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("needed", types.BIG_INTEGER, nullable=False),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("decided_at", types.UtcDateTime(), nullable=True),
        sa.Column("decided_by", types.BIG_INTEGER, nullable=True),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.Column("ask_again_at", types.UtcDateTime(), nullable=True),
        sa.Column("approvers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_approvals"),
        sa.UniqueConstraint("id", name="uq_approvals_id"),
        sa.UniqueConstraint("token", name="uq_approvals_token"),
    )
    op.create_index("ix_approvals_order_id", "approvals", ["order_id"])
    op.create_index("ix_approvals_state", "approvals", ["state"])
    op.create_table(
        "audit",
        sa.Column("number", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("actor", types.SafeText(), nullable=False),
        sa.Column("action", types.SafeText(), nullable=False),
        sa.Column("subject", types.SafeText(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_table(
        "audit_head",
        sa.Column("id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("number", types.BIG_INTEGER, nullable=False),
        sa.Column("hash", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "candle_series",
        sa.Column("id", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("timeframe", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_candle_series"),
        sa.UniqueConstraint(
            "venue", "symbol", "timeframe", name="uq_candle_series_venue_symbol_timeframe"
        ),
    )
    op.create_table(
        "candles",
        sa.Column("series_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("open_ms", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "open_ms", name="pk_candles"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "controls",
        sa.Column("id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("killed", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(), nullable=True),
        sa.Column("changed_by", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_controls"),
    )
    op.create_table(
        "decisions",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("timeframe", types.SafeText(), nullable=False),
        sa.Column("closed_at", types.UtcDateTime(), nullable=False),
        sa.Column("strategy_version", types.SafeText(), nullable=False),
        sa.Column("action", types.SafeText(), nullable=False),
        sa.Column("route", types.SafeText(), nullable=False),
        sa.Column("reason", types.SafeText(), nullable=False),
        sa.Column("score", types.ExactDecimal(), nullable=True),
        sa.Column("record", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_decisions"),
        sa.UniqueConstraint("id", name="uq_decisions_id"),
    )
    op.create_index("ix_decisions_closed_at", "decisions", ["closed_at"])
    op.create_index("ix_decisions_symbol_closed_at", "decisions", ["symbol", "closed_at"])
    op.create_table(
        "empty_candles",
        sa.Column("series_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("open_ms", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "open_ms", name="pk_empty_candles"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "equity",
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("equity_quote", types.ExactDecimal(), nullable=False),
        sa.Column("cash_quote", types.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("venue", "at", name="pk_equity"),
    )
    op.create_table(
        "fills",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("order_id", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("side", types.SafeText(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("price", types.ExactDecimal(), nullable=False),
        sa.Column("fee_quote", types.ExactDecimal(), nullable=False),
        sa.Column("slippage_quote", types.ExactDecimal(), nullable=False),
        sa.Column("liquidity", types.SafeText(), nullable=False),
        sa.Column("filled_at", types.UtcDateTime(), nullable=False),
        sa.Column("trigger", types.SafeText(), nullable=True),
        sa.PrimaryKeyConstraint("row_no", name="pk_fills"),
        sa.UniqueConstraint("id", name="uq_fills_id"),
    )
    op.create_index("ix_fills_filled_at", "fills", ["filled_at"])
    op.create_index("ix_fills_order_id", "fills", ["order_id"])
    op.create_table(
        "inbox",
        sa.Column("source", types.SafeText(), nullable=False),
        sa.Column("update_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("received_at", types.UtcDateTime(), nullable=False),
        sa.Column("attempts", types.BIG_INTEGER, nullable=False),
        sa.Column("done_at", types.UtcDateTime(), nullable=True),
        sa.Column("error", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("source", "update_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_source_done_at", "inbox", ["source", "done_at"])
    op.create_table(
        "job_runs",
        sa.Column("name", types.SafeText(), nullable=False),
        sa.Column("finished_at", types.UtcDateTime(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("detail", types.SafeText(), nullable=False),
        sa.Column("failures", types.BIG_INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_runs"),
    )
    op.create_table(
        "ledger",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("currency", types.SafeText(), nullable=False),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.Column("kind", types.SafeText(), nullable=False),
        sa.Column("reference", types.SafeText(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_ledger"),
    )
    op.create_index("ix_ledger_venue_currency", "ledger", ["venue", "currency"])
    op.create_table(
        "llm_budget",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("purpose", types.SafeText(), nullable=False),
        sa.Column("amount_usd", types.ExactDecimal(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_llm_budget"),
    )
    op.create_index("ix_llm_budget_day", "llm_budget", ["day"])
    op.create_table(
        "llm_budget_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("warned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_llm_budget_days"),
    )
    op.create_table(
        "llm_replies",
        sa.Column("key", types.SafeText(), nullable=False),
        sa.Column("reply", types.SafeText(), nullable=False),
        sa.Column("kept_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_llm_replies"),
    )
    op.create_table(
        "notes",
        sa.Column("key", types.SafeText(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_notes"),
    )
    op.create_table(
        "orders",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("filled_quantity", types.ExactDecimal(), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("side", types.SafeText(), nullable=False),
        sa.Column("kind", types.SafeText(), nullable=False),
        sa.Column("purpose", types.SafeText(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("reference_price", types.ExactDecimal(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("origin", types.SafeText(), nullable=False),
        sa.Column("decision_id", types.SafeText(), nullable=True),
        sa.Column("limit_price", types.ExactDecimal(), nullable=True),
        sa.Column("stop_price", types.ExactDecimal(), nullable=True),
        sa.Column("exit_plan", sa.Text(), nullable=True),
        sa.Column("exit_reason", types.SafeText(), nullable=True),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("venue_order_id", types.SafeText(), nullable=True),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_orders"),
        sa.UniqueConstraint("id", name="uq_orders_id"),
    )
    op.create_index("ix_orders_state", "orders", ["state"])
    op.create_table(
        "outbox",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("kind", types.SafeText(), nullable=False),
        sa.Column("subject", types.SafeText(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("delivery", types.SafeText(), nullable=False),
        sa.Column("chat_id", types.BIG_INTEGER, nullable=True),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("attempts", types.BIG_INTEGER, nullable=False),
        sa.Column("not_before", types.UtcDateTime(), nullable=True),
        sa.Column("error", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
    )
    op.create_index(
        "ix_outbox_state_priority_created_at", "outbox", ["state", "priority", "created_at"]
    )
    op.create_table(
        "paper_balances",
        sa.Column("currency", types.SafeText(), nullable=False),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("currency", name="pk_paper_balances"),
    )
    op.create_table(
        "paper_orders",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("fills", sa.Text(), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("side", types.SafeText(), nullable=False),
        sa.Column("kind", types.SafeText(), nullable=False),
        sa.Column("purpose", types.SafeText(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("reference_price", types.ExactDecimal(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("origin", types.SafeText(), nullable=False),
        sa.Column("decision_id", types.SafeText(), nullable=True),
        sa.Column("limit_price", types.ExactDecimal(), nullable=True),
        sa.Column("stop_price", types.ExactDecimal(), nullable=True),
        sa.Column("exit_plan", sa.Text(), nullable=True),
        sa.Column("exit_reason", types.SafeText(), nullable=True),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("venue_order_id", types.SafeText(), nullable=True),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_paper_orders"),
        sa.UniqueConstraint("id", name="uq_paper_orders_id"),
    )
    op.create_index("ix_paper_orders_state", "paper_orders", ["state"])
    op.create_table(
        "people",
        sa.Column("user_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("role", types.SafeText(), nullable=False),
        sa.Column("name", types.SafeText(), nullable=False),
        sa.Column("chat_id", types.BIG_INTEGER, nullable=False),
        sa.Column("language", types.SafeText(), nullable=False),
        sa.Column("paired_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_people"),
    )
    op.create_table(
        "positions",
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("entry_price", types.ExactDecimal(), nullable=False),
        sa.Column("entry_fees_quote", types.ExactDecimal(), nullable=False),
        sa.Column("entry_slippage_quote", types.ExactDecimal(), nullable=False),
        sa.Column("opened_at", types.UtcDateTime(), nullable=False),
        sa.Column("entry_order_id", types.SafeText(), nullable=False),
        sa.Column("decision_id", types.SafeText(), nullable=True),
        sa.Column("exit_plan", sa.Text(), nullable=False),
        sa.Column("stop_price", types.ExactDecimal(), nullable=False),
        sa.Column("high_water_price", types.ExactDecimal(), nullable=False),
        sa.Column("bars_held", types.BIG_INTEGER, nullable=False),
        sa.Column("protection_order_id", types.SafeText(), nullable=True),
        sa.PrimaryKeyConstraint("venue", "symbol", name="pk_positions"),
    )
    op.create_table(
        "quarantine",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("fingerprint", types.SafeText(), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("timeframe", types.SafeText(), nullable=False),
        sa.Column("open_ms", types.BIG_INTEGER, nullable=True),
        sa.Column("row", types.SafeText(), nullable=False),
        sa.Column("reason", types.SafeText(), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_quarantine"),
        sa.UniqueConstraint("fingerprint", name="uq_quarantine_fingerprint"),
    )
    op.create_index("ix_quarantine_seen_at", "quarantine", ["seen_at"])
    op.create_table(
        "risk_states",
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("day_start_equity_quote", types.ExactDecimal(), nullable=False),
        sa.Column("peak_equity_quote", types.ExactDecimal(), nullable=False),
        sa.Column("entries_today", types.BIG_INTEGER, nullable=False),
        sa.Column("daily_paused", sa.Boolean(), nullable=False),
        sa.Column("drawdown_latched", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("venue", name="pk_risk_states"),
    )
    op.create_table(
        "scores",
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("timeframe", types.SafeText(), nullable=False),
        sa.Column("close_ms", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("strategy_version", types.SafeText(), nullable=False),
        sa.Column("signed_score", sa.Double(), nullable=False),
        sa.Column("rank_fraction", sa.Double(), nullable=False),
        sa.Column("sides", types.SafeText(), nullable=False),
        sa.Column("strengths", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "venue", "symbol", "timeframe", "close_ms", "strategy_version", name="pk_scores"
        ),
    )
    op.create_index(
        "ix_scores_venue_timeframe_close_ms", "scores", ["venue", "timeframe", "close_ms"]
    )
    op.create_table(
        "sent_messages",
        sa.Column("chat_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("subject", types.SafeText(), nullable=False),
        sa.Column("chat_message_id", types.BIG_INTEGER, nullable=False),
        sa.Column("has_photo", sa.Boolean(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "subject", name="pk_sent_messages"),
    )
    op.create_table(
        "trades",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("opened_at", types.UtcDateTime(), nullable=False),
        sa.Column("closed_at", types.UtcDateTime(), nullable=False),
        sa.Column("entry_price", types.ExactDecimal(), nullable=False),
        sa.Column("exit_price", types.ExactDecimal(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("fees_quote", types.ExactDecimal(), nullable=False),
        sa.Column("slippage_quote", types.ExactDecimal(), nullable=False),
        sa.Column("pnl_quote", types.ExactDecimal(), nullable=False),
        sa.Column("exit_reason", types.SafeText(), nullable=False),
        sa.Column("entry_order_id", types.SafeText(), nullable=False),
        sa.Column("exit_order_id", types.SafeText(), nullable=False),
        sa.Column("decision_id", types.SafeText(), nullable=True),
        sa.Column("side", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_trades"),
        sa.UniqueConstraint("id", name="uq_trades_id"),
    )
    op.create_index("ix_trades_venue_closed_at", "trades", ["venue", "closed_at"])
    op.create_table(
        "weight_sets",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("version", types.SafeText(), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_weight_sets"),
        sa.UniqueConstraint("version", name="uq_weight_sets_version"),
    )
