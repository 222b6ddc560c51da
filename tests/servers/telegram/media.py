"""Uploaded files: what Telegram accepts as a photo or a document, and where it keeps them.

A photo is decoded for real, so a truncated or invented picture is refused as the service would.
The stored bytes are those uploaded: the real service re-encodes photos to JPEG, and a test that
compares pictures should not have to.
"""

import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from tests.servers.telegram.errors import ApiError, bad_request

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_MAX_SIDES_SUM_PX = 10_000
_MAX_SIDE_RATIO = 20
_FORMATS = ("PNG", "JPEG", "WEBP")
# The sizes the service offers of one photo: letter and longest side in pixels.
_THUMBNAILS_PX = (90, 320, 800, 1280)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One uploaded file; width and height are 0 for a document."""

    number: int
    kind: str
    data: bytes
    name: str
    mime: str
    width: int = 0
    height: int = 0

    @property
    def file_id(self) -> str:
        prefix = "AgACAgIAAxk" if self.kind == "photo" else "BQACAgIAAxk"
        return f"{prefix}BAAM{self.number:08d}"

    @property
    def unique_id(self) -> str:
        return f"AQAD{self.number:08d}"

    @property
    def path(self) -> str:
        if self.kind == "photo":
            return f"photos/file_{self.number}.jpg"
        suffix = self.name.rsplit(".", 1)[-1] if "." in self.name else "bin"
        return f"documents/file_{self.number}.{suffix}"


def photo_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels; raise the 400 of a picture Telegram would not take."""
    if not data:
        raise bad_request("file must be non-empty")
    if len(data) > MAX_PHOTO_BYTES:
        raise bad_request(
            f"file of size {len(data)} bytes is too big for a photo; "
            f"the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    width, height = _decoded_size(data)
    longest, shortest = max(width, height), min(width, height)
    if width + height > _MAX_SIDES_SUM_PX or longest > shortest * _MAX_SIDE_RATIO:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height


def check_document(data: bytes) -> None:
    """Raise what the service answers to an empty or too large upload."""
    if not data:
        raise bad_request("file must be non-empty")
    if len(data) > MAX_UPLOAD_BYTES:
        raise ApiError(413, "Request Entity Too Large")


def thumbnails(file: StoredFile) -> list[dict[str, object]]:
    """Return the PhotoSize list, smallest first; the last one is the whole picture."""
    longest = max(file.width, file.height)
    sides = [side for side in _THUMBNAILS_PX if side < longest]
    sides.append(min(longest, _THUMBNAILS_PX[-1]))
    return [_photo_size_json(file, side / longest) for side in sorted(set(sides))]


def _photo_size_json(file: StoredFile, scale: float) -> dict[str, object]:
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.data),
        "width": max(1, round(file.width * scale)),
        "height": max(1, round(file.height * scale)),
    }


def _decoded_size(data: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            size = image.size
            if sum(size) <= _MAX_SIDES_SUM_PX:
                image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as err:
        raise bad_request("IMAGE_PROCESS_FAILED") from err
    return size
