"""The refusals of the Bot API, as one exception that carries the wire form.

`ApiError` is raised anywhere below a method and becomes the JSON answer at the HTTP edge.
The texts are those of the public server (tdlib/telegram-bot-api and td); where the service itself
decides and publishes no source, the text is the one reported by its users.
"""

from collections.abc import Mapping

Json = dict[str, object]

QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)
OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


class ApiError(Exception):
    """A refused call: HTTP status, description, optional `parameters`."""

    def __init__(
        self, code: int, description: str, parameters: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})

    def as_json(self) -> Json:
        """Return the body the real service sends."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(reason: str) -> ApiError:
    """Build a 400; `reason` is the part after "Bad Request: "."""
    return ApiError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> ApiError:
    """Build a 403; `reason` is the part after "Forbidden: "."""
    return ApiError(403, f"Forbidden: {reason}")


def too_many_requests(retry_after_s: int) -> ApiError:
    """Build a 429 that names the seconds to wait, in the text and in `parameters`."""
    return ApiError(
        429,
        f"Too Many Requests: retry after {retry_after_s}",
        {"retry_after": retry_after_s},
    )
