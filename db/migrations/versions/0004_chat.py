"""What a person lives with every day: alerts, second factors, shadow trades, preferences, changes."""

from decimal import Context, Decimal, Inexact

import sqlalchemy as sa
from alembic import op

from db import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the chat desk."""
    op.create_table(
        "chat_preferences",
        sa.Column("chat_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("loudness", sa.Text(), nullable=False),
        sa.Column("quiet", types.SafeText(), nullable=False),
        sa.Column("muted_until", types.UtcDateTime(), nullable=True),
        sa.Column("muted", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name="pk_chat_preferences"),
    )
    op.create_table(
        "chat_states",
        sa.Column("chat_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("gone_at", types.UtcDateTime(), nullable=True),
        sa.Column("gone_why", types.SafeText(), nullable=False),
        sa.Column("moved_to", types.BIG_INTEGER, nullable=True),
        sa.PrimaryKeyConstraint("chat_id", name="pk_chat_states"),
    )
    op.create_table(
        "changes",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("kind", types.SafeText(), nullable=False),
        sa.Column("subject", types.SafeText(), nullable=False),
        sa.Column("value", types.SafeText(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("digest", types.SafeText(), nullable=False),
        sa.Column("token", types.SafeText(), nullable=False),
        sa.Column("asked_by", types.BIG_INTEGER, nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("reason", types.SafeText(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("needed", types.BIG_INTEGER, nullable=False),
        sa.Column("needs_code", sa.Boolean(), nullable=False),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("approvers", sa.Text(), nullable=False),
        sa.Column("decided_at", types.UtcDateTime(), nullable=True),
        sa.Column("decided_by", types.BIG_INTEGER, nullable=True),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_changes"),
        sa.UniqueConstraint("id", name="uq_changes_id"),
        sa.UniqueConstraint("token", name="uq_changes_token"),
    )
    op.create_index("ix_changes_state", "changes", ["state"])
    op.create_table(
        "setting_overrides",
        sa.Column("key", types.SafeText(), nullable=False),
        sa.Column("value", types.SafeText(), nullable=False),
        sa.Column("before", types.SafeText(), nullable=False),
        sa.Column("set_at", types.UtcDateTime(), nullable=False),
        sa.Column("set_by", types.BIG_INTEGER, nullable=True),
        sa.Column("change_id", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_setting_overrides"),
    )
    for name in ("theme", "zone"):
        op.add_column(
            "people", sa.Column(name, types.SafeText(), nullable=False, server_default="")
        )
    op.create_table(
        "factors",
        sa.Column("user_id", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("secret", types.SafeText(), nullable=False),
        sa.Column("made_at", types.UtcDateTime(), nullable=False),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("shown_codes", types.SafeText(), nullable=True),
        sa.Column("recovery", sa.Text(), nullable=False),
        sa.Column("last_step", types.BIG_INTEGER, nullable=True),
        sa.Column("wrong_tries", types.BIG_INTEGER, nullable=False),
        sa.Column("locked_until", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_factors"),
    )
    op.create_table(
        "challenges",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("user_id", types.BIG_INTEGER, nullable=False),
        sa.Column("kind", types.SafeText(), nullable=False),
        sa.Column("area", types.SafeText(), nullable=False),
        sa.Column("subject", types.SafeText(), nullable=False),
        sa.Column("action", types.SafeText(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("opened_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("row_no", name="pk_challenges"),
        sa.UniqueConstraint("id", name="uq_challenges_id"),
    )
    op.create_index("ix_challenges_state_user_id", "challenges", ["state", "user_id"])
    op.add_column("outbox", sa.Column("topic", types.BIG_INTEGER, nullable=True))

    op.create_table(
        "ledger_balances",
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("currency", types.SafeText(), nullable=False),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("venue", "currency", name="pk_ledger_balances"),
    )
    _add_up_ledger()
    op.create_index("ix_ledger_reference", "ledger", ["reference"])
    op.create_table(
        "shadow_trades",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("decision_id", types.SafeText(), nullable=True),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("veto", types.SafeText(), nullable=False),
        sa.Column("vetoed_at", types.UtcDateTime(), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("decided_by", types.BIG_INTEGER, nullable=True),
        sa.Column("note", types.SafeText(), nullable=False),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("followed_until", types.UtcDateTime(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("leaving", types.SafeText(), nullable=True),
        sa.Column("opened_at", types.UtcDateTime(), nullable=True),
        sa.Column("closed_at", types.UtcDateTime(), nullable=True),
        sa.Column("pnl_quote", types.ExactDecimal(), nullable=False),
        sa.Column("fees_quote", types.ExactDecimal(), nullable=False),
        sa.Column("slippage_quote", types.ExactDecimal(), nullable=False),
        sa.Column("exit_reason", types.SafeText(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_shadow_trades"),
        sa.UniqueConstraint("id", name="uq_shadow_trades_id"),
    )
    op.create_index("ix_shadow_trades_venue_state", "shadow_trades", ["venue", "state"])
    op.create_table(
        "alerts",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("id", types.SafeText(), nullable=False),
        sa.Column("user_id", types.BIG_INTEGER, nullable=False),
        sa.Column("chat_id", types.BIG_INTEGER, nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("cooldown_s", types.BIG_INTEGER, nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("state", types.SafeText(), nullable=False),
        sa.Column("edition", types.BIG_INTEGER, nullable=False),
        sa.Column("fired", types.BIG_INTEGER, nullable=False),
        sa.Column("arms", sa.Text(), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_alerts"),
        sa.UniqueConstraint("id", name="uq_alerts_id"),
    )
    op.create_index("ix_alerts_state", "alerts", ["state"])
    op.create_index("ix_alerts_user_id", "alerts", ["user_id"])
    op.create_table(
        "alert_firings",
        sa.Column("alert_id", types.SafeText(), nullable=False),
        sa.Column("number", types.BIG_INTEGER, autoincrement=False, nullable=False),
        sa.Column("text", types.SafeText(), nullable=False),
        sa.Column("told_at", types.UtcDateTime(), nullable=False),
        sa.Column("hits", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "number", name="pk_alert_firings"),
    )
    op.create_table(
        "watches",
        sa.Column("row_no", types.BIG_INTEGER, sa.Identity(always=False), nullable=False),
        sa.Column("user_id", types.BIG_INTEGER, nullable=False),
        sa.Column("symbol", types.SafeText(), nullable=False),
        sa.Column("added_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name="pk_watches"),
    )
    op.create_index("ix_watches_user_id_symbol", "watches", ["user_id", "symbol"], unique=True)


def _add_up_ledger() -> None:
    """The balances of what was posted so far; sums are exact, as the store's are."""
    exact = Context(prec=1_000, traps=[Inexact])
    sums: dict[tuple[str, str], Decimal] = {}
    ledger = sa.table(
        "ledger",
        sa.column("venue", types.SafeText()),
        sa.column("currency", types.SafeText()),
        sa.column("amount", types.ExactDecimal()),
    )
    for venue, currency, amount in op.get_bind().execute(sa.select(ledger)):
        place = (venue, currency)
        sums[place] = exact.add(sums.get(place, Decimal(0)), amount)
    balances = sa.table("ledger_balances", *(sa.column(c.name, c.type) for c in ledger.c))
    rows = [
        {"venue": venue, "currency": currency, "amount": amount}
        for (venue, currency), amount in sums.items()
    ]
    if rows:
        op.bulk_insert(balances, rows)


def downgrade() -> None:
    """Drop them again."""
    for name in ("watches", "alert_firings", "alerts"):
        op.drop_table(name)
    op.drop_table("shadow_trades")
    op.drop_index("ix_ledger_reference", "ledger")
    op.drop_table("ledger_balances")
    op.drop_table("chat_states")
    op.drop_table("chat_preferences")
    for name in ("zone", "theme"):
        op.drop_column("people", name)
    op.drop_table("setting_overrides")
    op.drop_table("changes")
    op.drop_column("outbox", "topic")
    op.drop_table("challenges")
    op.drop_table("factors")
