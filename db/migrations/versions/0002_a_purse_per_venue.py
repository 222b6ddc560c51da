"""A purse per venue: the paper money of one venue is not another's."""

import sqlalchemy as sa
from alembic import op

from db import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give what is there to the venue whose ledger was opened first: only that one was funded."""
    bind = op.get_bind()
    money = bind.execute(sa.text("SELECT currency, amount FROM paper_balances")).all()
    venue = bind.execute(sa.text("SELECT venue FROM ledger ORDER BY row_no LIMIT 1")).scalar()
    op.drop_table("paper_balances")
    op.create_table(
        "paper_balances",
        sa.Column("venue", types.SafeText(), nullable=False),
        sa.Column("currency", types.SafeText(), nullable=False),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("venue", "currency", name="pk_paper_balances"),
    )
    statement = sa.text("INSERT INTO paper_balances VALUES (:venue, :currency, :amount)")
    for currency, amount in money if venue is not None else ():
        bind.execute(statement, {"venue": venue, "currency": currency, "amount": amount})
