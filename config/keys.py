"""The settings tree as data: which sections and keys there are, of which type, with which words.

``Settings`` → dataclass fields → ``Section`` with ``Key``s, ``Section``s and, for venues, a section
per name. Messages about unknown keys, environment names, ``config show`` and the reference are all
made from this one description, so none of them can know a key that the others do not.
"""

import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from config.settings import Settings

ENV_PREFIX = "CRYPTOTRADER_"
ENV_SEPARATOR = "__"
OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting. ``annotation`` is without ``None``; ``optional`` ones may be ``"off"``."""

    name: str
    annotation: Any
    optional: bool
    default: object
    doc: str

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return self.annotation is SecretStr

    @property
    def is_list(self) -> bool:
        """Whether it holds several values in order."""
        return get_origin(self.annotation) in (tuple, list)

    @property
    def is_table(self) -> bool:
        """Whether it holds names and values of its own."""
        return get_origin(self.annotation) is dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table of keys and sections; ``any_name`` is the section of every name not listed."""

    name: str
    doc: str
    keys: Mapping[str, Key]
    sections: Mapping[str, "Section"]
    any_name: "Section | None" = None
    optional: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that may stand directly in it."""
        return (*self.keys, *self.sections)

    @property
    def holds_secrets(self) -> bool:
        """Whether a mistyped key here might carry a secret."""
        return any(key.is_secret for key in self.keys.values())

    def section(self, name: str) -> "Section | None":
        """The section of that name, if one may stand here."""
        return self.sections.get(name) or self.any_name

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Key]]:
        """Every key with its path; a section of any name appears as ``<name>``."""
        for name, key in self.keys.items():
            yield (*path, name), key
        for name, section in self.sections.items():
            yield from section.walk((*path, name))
        if self.any_name is not None:
            yield from self.any_name.walk((*path, f"<{self.any_name.name}>"))


def env_name(path: tuple[str, ...]) -> str:
    """The environment variable of a key."""
    return ENV_PREFIX + ENV_SEPARATOR.join(part.upper() for part in path)


def tree() -> Section:
    """The whole tree."""
    sections = {}
    for name, info in Settings.model_fields.items():
        if name == "venues":
            one = section_of("name", get_args(info.annotation)[1])
            sections[name] = Section(
                name=name, doc=info.description or "", keys={}, sections={}, any_name=one
            )
        else:
            annotation, optional = _without_none(info.annotation)
            sections[name] = section_of(name, annotation, optional=optional)
    return Section(name="", doc="", keys={}, sections=sections)


def section_of(name: str, kind: Any, *, optional: bool = False) -> Section:  # noqa: ANN401 - a dataclass
    """The keys and sections of a dataclass."""
    hints = get_type_hints(kind)
    keys: dict[str, Key] = {}
    sections: dict[str, Section] = {}
    for field in dataclasses.fields(kind):
        annotation, may_be_off = _without_none(hints[field.name])
        if dataclasses.is_dataclass(annotation):
            sections[field.name] = section_of(field.name, annotation, optional=may_be_off)
        else:
            keys[field.name] = Key(
                name=field.name,
                annotation=annotation,
                optional=may_be_off,
                default=_default(field.default, field.default_factory),
                doc=str(field.metadata.get("doc", "")),
            )
    doc = " ".join((kind.__doc__ or "").split())
    return Section(name=name, doc=doc, keys=keys, sections=sections, optional=optional)


def words_of(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401 - any annotation
    """The words an enumeration or a literal allows; empty for other types."""
    if get_origin(annotation) is Literal:
        return tuple(str(word) for word in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    return ()


def _without_none(annotation: Any) -> tuple[Any, bool]:  # noqa: ANN401 - any annotation
    if get_origin(annotation) in (Union, types.UnionType):
        parts = tuple(part for part in get_args(annotation) if part is not type(None))
        return (parts[0] if len(parts) == 1 else Union[parts]), True  # noqa: UP007 - built at run time
    return annotation, False


def _default(value: object, factory: Callable[[], object] | object) -> object:
    if value not in (dataclasses.MISSING, PydanticUndefined):
        return value
    return factory() if callable(factory) else None
