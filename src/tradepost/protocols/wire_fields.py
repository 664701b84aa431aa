"""Field tables of messages as data. Both ends validate with them, and the tester violates them field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from .excerpt import excerpt


class Kind(StrEnum):
    """Types named as in the interface documents."""

    STRING = "String"
    INTEGER = "Integer"
    DECIMAL = "Double"
    BOOLEAN = "Boolean"
    OBJECT = "Object"
    LIST = "List"


@dataclass(frozen=True, slots=True)
class Field:
    """A row of a table. ``length``: maximum characters; ``members``: fields of an object or of a list's items.

    ``pattern``: a regular expression for the complete text, also valid in JSON Schema.
    """

    name: str
    length: int | None = None
    mandatory: bool = True
    kind: Kind = Kind.STRING
    values: tuple[str, ...] = ()
    members: tuple[Field, ...] = ()
    secret: bool = False
    pattern: str = ""


class Breach(StrEnum):
    MISSING = "missing"
    TYPE = "type"
    LENGTH = "length"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Violation:
    """A field that violates its table. ``path``: such as ``info[0].appInfo.frontEndUrl``."""

    path: str
    breach: Breach
    detail: str

    def __str__(self) -> str:
        return f"{self.path} {self.detail}"


def violations(table: tuple[Field, ...], value: Mapping[str, object], *, at: str = "") -> Iterator[Violation]:
    """Yield every violation of the table, in its order. Members that the table does not name are tolerated."""
    for field in table:
        member = value.get(field.name)
        # Fast path for nearly every field; the code below handles the others.
        if member is None and not field.mandatory:
            continue
        if field.kind is _STRING and isinstance(member, str) and _is_valid(field, member):
            continue
        yield from _field_violations(field, member, f"{at}{field.name}")


def _is_valid(field: Field, text: str) -> bool:
    if field.length is not None and len(text) > field.length:
        return False
    if field.pattern and not re.fullmatch(field.pattern, text):
        return False
    return text in field.values if field.values else bool(text.strip())


def _field_violations(field: Field, value: object, path: str) -> Iterator[Violation]:
    if value is None or (field.kind is Kind.STRING and isinstance(value, str) and not value.strip()):
        if field.mandatory:
            yield Violation(path, Breach.MISSING, "is missing" if value is None else "is blank")
        return
    if not _has_kind(field.kind, value):
        yield Violation(path, Breach.TYPE, f"must be {_KIND_NAMES[field.kind]}{_received_excerpt(field, value)}")
        return
    if isinstance(value, Mapping):
        yield from violations(field.members, value, at=f"{path}.")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _item_violations(field, item, f"{path}[{index}]")
    else:
        yield from _scalar_violations(field, value, path)


def _item_violations(field: Field, item: object, path: str) -> Iterator[Violation]:
    if isinstance(item, Mapping):
        yield from violations(field.members, item, at=f"{path}.")
    else:
        yield Violation(path, Breach.TYPE, f"must be an object{_received_excerpt(field, item)}")


def _scalar_violations(field: Field, value: object, path: str) -> Iterator[Violation]:
    length = len(str(value))
    if field.length is not None and length > field.length:
        yield Violation(path, Breach.LENGTH, f"has {length} characters, at most {field.length} are allowed")
    elif field.values and str(value) not in field.values:
        yield Violation(
            path, Breach.VALUE, f"must be one of {', '.join(field.values)}{_received_excerpt(field, value)}"
        )
    elif field.pattern and not re.fullmatch(field.pattern, str(value)):
        yield Violation(path, Breach.VALUE, f"must match {field.pattern}{_received_excerpt(field, value)}")


_STRING = Kind.STRING
_KIND_NAMES = {
    Kind.STRING: "a string",
    Kind.INTEGER: "an integer",
    Kind.DECIMAL: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.OBJECT: "an object",
    Kind.LIST: "an array",
}


def _has_kind(kind: Kind, value: object) -> bool:
    if isinstance(value, bool) or kind is Kind.BOOLEAN:
        return isinstance(value, bool) and kind is Kind.BOOLEAN
    match kind:
        case Kind.STRING:
            return isinstance(value, str)
        case Kind.INTEGER:
            return isinstance(value, int)
        case Kind.DECIMAL:
            # A number in quotes is accepted as a number everywhere, since the documents print both (saas-v2 §11, 25).
            return isinstance(value, int | float | Decimal | str)
        case Kind.OBJECT:
            return isinstance(value, Mapping)
        case Kind.LIST:
            return isinstance(value, list | tuple)


def _received_excerpt(field: Field, value: object) -> str:
    if field.secret or isinstance(value, Mapping | list | tuple):
        return ""
    return f"; {excerpt(str(value), limit=40)} came"
