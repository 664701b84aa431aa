"""What the OpenAPI document says of an API, declared beside its view: names, and JSON Schemas made of the field tables that both
ends of the wire read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from tradepost.protocols.wire_fields import Field, Kind

type Schema = dict[str, Any]

_TYPES = {Kind.STRING: "string", Kind.INTEGER: "integer", Kind.BOOLEAN: "boolean"}
NO_NUL = r"\S"


class Parameter(Struct, frozen=True, kw_only=True):
    """``place``: query or header."""

    name: str
    place: str
    required: bool = False
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    words: str = ""


class Other(Struct, frozen=True, kw_only=True):
    """An answer beside those of the API's error table. ``media``: its type; empty where it has no body."""

    words: str
    media: str = "application/json"


class Described(Struct, frozen=True, kw_only=True):
    """``success``: members beside the envelope. ``codes``: those of a success, in the envelope."""

    operation: str
    tag: str
    summary: str
    words: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    media: str = "application/json"
    success: Schema | None = None
    codes: tuple[str, ...] = ()
    others: Mapping[int, Other] = field(default_factory=dict)
    right: str = ""
    """Permission of a buyer's key."""


class SeveralMethods(Struct, frozen=True):
    """An address whose methods are APIs of their own; by method."""

    methods: Mapping[str, Described]


type Declared = Described | SeveralMethods


def table(rows: tuple[Field, ...], **more: Schema) -> Schema:
    """The object that a field table describes. ``more``: members that no table has; a name that ends in ``_`` is optional."""
    properties = {row.name: of_field(row) for row in rows}
    required = [row.name for row in rows if row.mandatory]
    for name, schema in more.items():
        properties[name.removesuffix("_")] = schema
        if not name.endswith("_"):
            required.append(name)
    shown: Schema = {"type": "object", "properties": properties}
    return {**shown, "required": required} if required else shown


def of_field(row: Field) -> Schema:
    """One row. A member that is not mandatory may be null, as if it were absent."""
    schema = _of_kind(row)
    if row.mandatory:
        return schema
    if "type" in schema:
        enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return {**schema, **enum, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _of_kind(row: Field) -> Schema:
    match row.kind:
        case Kind.LIST:
            return {"type": "array", "items": table(row.members) if row.members else {"type": "object"}}
        case Kind.OBJECT:
            return table(row.members) if row.members else {"type": "object"}
        case Kind.DECIMAL:
            return {"anyOf": [{"type": "number"}, {"type": "string", "maxLength": row.length or 20}]}
        case Kind.INTEGER:
            return _integer(row)
    return _text(row) if row.kind is Kind.STRING else {"type": _TYPES[row.kind]}


def _integer(row: Field) -> Schema:
    if row.values:
        return {"type": "integer", "enum": [int(value) for value in row.values]}
    if row.length is None:
        return {"type": "integer"}
    return {"type": "integer", "minimum": -(10 ** (row.length - 1)) + 1, "maximum": 10**row.length - 1}


def _text(row: Field) -> Schema:
    schema: Schema = {"type": "string"}
    if row.values:
        return {**schema, "enum": list(row.values)}
    if row.pattern:
        schema["pattern"] = row.pattern
    elif row.mandatory:
        schema |= {"minLength": 1, "pattern": NO_NUL}
    return schema if row.length is None else {**schema, "maxLength": row.length}


def texts(*, most: int, length: int) -> Schema:
    """A list of 1 to ``most`` texts."""
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": most,
        "items": {"type": "string", "minLength": 1, "maxLength": length, "pattern": NO_NUL},
    }
