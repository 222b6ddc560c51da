"""What an area of the desk adds to the codec of buttons: its own kinds, each under a short code.

An area writes frozen dataclasses that derive from ``AreaCallback`` and lists them as ``KINDS``;
``callbacks`` puts all of them together and checks length and version for everybody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AreaCallback:
    """A press that an area understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind[C: AreaCallback]:
    """One kind of button: ``code`` is two to four letters, the parts hold no colon.

    ``read`` returns ``None`` for anything that ``write`` would not have written.
    """

    code: str
    made_of: type[C]
    write: Callable[[C], Sequence[str]]
    read: Callable[[Sequence[str]], C | None]
