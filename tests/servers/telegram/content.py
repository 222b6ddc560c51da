"""Call parameters → the content of a message, checked against the documented limits.

The texts for content that is too long differ between sending and editing, as in the service: td
refuses a send in words, the servers behind it refuse an edit by code.
"""

from collections.abc import Mapping

from tests.servers.telegram import media
from tests.servers.telegram.entities import Formatted, format_text, utf16_length
from tests.servers.telegram.errors import bad_request
from tests.servers.telegram.media import StoredFile
from tests.servers.telegram.model import Version, now_utc
from tests.servers.telegram.params import Params, Upload
from tests.servers.telegram.world import World

MAX_TEXT_UTF16 = 4096
MAX_CAPTION_UTF16 = 1024
_ATTACH = "attach://"


def message_text(params: Params, *, editing: bool) -> Formatted:
    """Return the parsed text of 1–4096 UTF-16 units."""
    source = params.text("text")
    if not source:
        raise bad_request("message text is empty")
    given = params.items("entities", "message entities")
    formatted = format_text(source, params.text("parse_mode"), given)
    if not formatted.text:
        raise bad_request("text must be non-empty")
    if utf16_length(formatted.text) > MAX_TEXT_UTF16:
        raise bad_request("MESSAGE_TOO_LONG" if editing else "message is too long")
    return formatted


def caption(params: Params, *, editing: bool) -> Formatted:
    """Return the parsed caption of 0–1024 UTF-16 units."""
    given = params.items("caption_entities", "caption entities")
    formatted = format_text(params.text("caption"), params.text("parse_mode"), given)
    if utf16_length(formatted.text) > MAX_CAPTION_UTF16:
        raise bad_request("MEDIA_CAPTION_TOO_LONG" if editing else "message caption is too long")
    return formatted


def input_file(world: World, params: Params, kind: str, value: str) -> StoredFile:
    """Return the photo or document a parameter points at, storing it when it is new."""
    upload = _upload(params, kind, value)
    if upload is not None:
        return _store(world, kind, upload)
    if not value:
        raise bad_request(f"there is no {kind} in the request")
    if value.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    stored = world.files.get(value)
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if stored.kind != kind:
        raise bad_request(
            f"can't use file of type {stored.kind.capitalize()} as {kind.capitalize()}"
        )
    return stored


def version(
    method: str,
    formatted: Formatted,
    file: StoredFile | None,
    markup: Mapping[str, object] | None,
) -> Version:
    """Return the state of a message that this method makes."""
    return Version(
        at=now_utc(),
        method=method,
        text=formatted.text,
        entities=formatted.entities,
        file=file,
        markup=markup,
    )


def _upload(params: Params, kind: str, value: str) -> Upload | None:
    if value.startswith(_ATTACH):
        return params.files.get(value.removeprefix(_ATTACH))
    return None if value else params.files.get(kind)


def _store(world: World, kind: str, upload: Upload) -> StoredFile:
    if kind == "photo":
        size = media.photo_size(upload.data)
    else:
        media.check_document(upload.data)
        size = (0, 0)
    return world.add_file(kind, upload.data, upload.name, upload.mime, size)
