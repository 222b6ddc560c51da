"""Questions to people."""

from collections.abc import Sequence

from sqlalchemy import update

from db.stores.base import Store, ValueMap, values_of
from db.tables.trading import ApprovalRow
from engine.domain.approvals import Approval
from engine.domain.errors import ConflictError
from engine.domain.ids import ApprovalId, IntentId
from engine.domain.lifecycles import ApprovalState

_APPROVALS = ValueMap(Approval, ApprovalRow)
_OLDEST = (ApprovalRow.created_at, ApprovalRow.row_no)
_NEWEST = (ApprovalRow.created_at.desc(), ApprovalRow.row_no.desc())


class SqlApprovals(Store):
    """See ``engine.ports.ApprovalStore``."""

    def add(self, approval: Approval) -> bool:
        """Insert; ``False`` and no change if the id is there already."""
        return self._insert_new(ApprovalRow, values_of(approval))

    def get(self, approval_id: ApprovalId) -> Approval | None:
        """One question."""
        return _APPROVALS.one(self._tx, ApprovalRow.id == approval_id)

    def by_token(self, token: str) -> Approval | None:
        """The question a button belongs to."""
        return _APPROVALS.one(self._tx, ApprovalRow.token == token)

    def pending(self) -> Sequence[Approval]:
        """Open questions, oldest first."""
        is_open = ApprovalRow.state == ApprovalState.PENDING
        return _APPROVALS.all(self._tx, is_open, order=_OLDEST)

    def replace(self, before: Approval, after: Approval) -> None:
        """Compare-and-set on state, hash and expiry; ``ConflictError`` if another was quicker."""
        statement = (
            update(ApprovalRow)
            .where(
                ApprovalRow.id == before.id,
                ApprovalRow.state == before.state,
                ApprovalRow.order_hash == before.order_hash,
                ApprovalRow.expires_at == before.expires_at,
                ApprovalRow.approvers == before.approvers,
            )
            .values(values_of(after))
        )
        if self._tx.execute(statement).rowcount != 1:
            raise ConflictError(f"approval {before.id} is no longer {before.state}; read it again")

    def recent(self, limit: int) -> Sequence[Approval]:
        """Newest first."""
        return _APPROVALS.all(self._tx, order=_NEWEST, limit=limit)

    def of_order(self, order_id: IntentId) -> Sequence[Approval]:
        """All questions about one order, oldest first."""
        return _APPROVALS.all(self._tx, ApprovalRow.order_id == order_id, order=_OLDEST)
