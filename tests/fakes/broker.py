"""A broker whose line can fail before or after the venue has done what it was asked."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.domain.errors import VenueError, VenueUnavailableError
from engine.domain.ids import IntentId
from engine.domain.orders import OrderIntent, OrderReport
from engine.ports import Broker


def timed_out() -> VenueError:
    """What an adapter raises when the answer did not come."""
    return VenueUnavailableError("bench", "no answer within 10 s")


class ShakyBroker:
    """See ``engine.ports.Broker``: the venue behind it is real, the line to it is not.

    ``lose_request`` lets the next call of a method fail before the venue hears of it, and
    ``lose_answer`` after it has done it. ``seen`` are the calls that reached the venue, and
    ``watch`` is called as each begins.
    """

    def __init__(self, venue: Broker) -> None:
        self._venue = venue
        self._lost_requests: dict[str, list[VenueError]] = {}
        self._lost_answers: dict[str, list[VenueError]] = {}
        self.seen: list[tuple[str, str]] = []
        self.watch: Callable[[str, str], object] = lambda _method, _order_id: None

    def lose_request(self, method: str, error: VenueError | None = None) -> None:
        self._lost_requests.setdefault(method, []).append(error or timed_out())

    def lose_answer(self, method: str, error: VenueError | None = None) -> None:
        self._lost_answers.setdefault(method, []).append(error or timed_out())

    def submit(self, intent: OrderIntent) -> OrderReport:
        return self._call("submit", intent.id, lambda: self._venue.submit(intent))

    def cancel(self, order_id: IntentId) -> OrderReport:
        return self._call("cancel", order_id, lambda: self._venue.cancel(order_id))

    def amend_stop(self, order_id: IntentId, stop_price: Decimal) -> OrderReport:
        return self._call(
            "amend_stop", order_id, lambda: self._venue.amend_stop(order_id, stop_price)
        )

    def lookup(self, order_id: IntentId) -> OrderReport | None:
        return self._call("lookup", order_id, lambda: self._venue.lookup(order_id))

    def balances(self) -> Mapping[str, Decimal]:
        return self._call("balances", "", self._venue.balances)

    def _call[T](self, method: str, order_id: str, call: Callable[[], T]) -> T:
        self.watch(method, order_id)
        if self._lost_requests.get(method):
            raise self._lost_requests[method].pop(0)
        answer = call()
        self.seen.append((method, order_id))
        if self._lost_answers.get(method):
            raise self._lost_answers[method].pop(0)
        return answer
