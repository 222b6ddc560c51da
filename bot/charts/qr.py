"""A QR code as a picture: black on white in both themes, because that is what cameras read."""

import io
from dataclasses import dataclass

from engine.domain.secret_text import SecretText

_QUIET_ZONE = 4
_WIDTH_PX = 640


@dataclass(frozen=True, slots=True, kw_only=True)
class QrPicture:
    """A text to be read by a camera."""

    text: SecretText


def draw_qr(picture: QrPicture) -> bytes:
    """The picture as PNG, at least as wide as a phone shows it."""
    import segno  # noqa: PLC0415 - only a set-up draws one

    code = segno.make(picture.text.reveal(), error="m", micro=False)
    modules, _ = code.symbol_size(border=_QUIET_ZONE)
    target = io.BytesIO()
    code.save(target, kind="png", scale=-(-_WIDTH_PX // modules), border=_QUIET_ZONE)
    return target.getvalue()
