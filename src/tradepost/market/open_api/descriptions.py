"""Declarations for the OpenAPI document: names, and JSON Schemas derived from the field tables of the protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from tradepost.protocols.wire_fields import Field, Kind

type Schema = dict[str, Any]

_TYPES = {Kind.STRING: "string", Kind.INTEGER: "integer", Kind.BOOLEAN: "boolean"}
NO_NUL = r"\S"


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter. ``place``: query or header."""

    name: str
    place: str
    required: bool = False
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    words: str = ""


class OtherResponse(Struct, frozen=True, kw_only=True):
    """A response besides those of the error table. ``media``: its media type; empty without a body."""

    words: str
    media: str = "application/json"


class Description(Struct, frozen=True, kw_only=True):
    """The OpenAPI description of an API. ``success``: members besides the envelope. ``codes``: result codes of a
    success."""

    operation: str
    tag: str
    summary: str
    words: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    media: str = "application/json"
    success: Schema | None = None
    codes: tuple[str, ...] = ()
    others: Mapping[int, OtherResponse] = field(default_factory=dict)
    right: str = ""
    """The required permission of a buyer's key."""


class SeveralMethods(Struct, frozen=True):
    """Descriptions of an address with several methods, by method."""

    methods: Mapping[str, Description]


type AnyDescription = Description | SeveralMethods


def table_schema(rows: tuple[Field, ...], **more: Schema) -> Schema:
    """Return the object schema of a field table. ``more``: further members; a name that ends in ``_`` is optional."""
    properties = {row.name: field_schema(row) for row in rows}
    required_names = [row.name for row in rows if row.mandatory]
    for name, schema in more.items():
        properties[name.removesuffix("_")] = schema
        if not name.endswith("_"):
            required_names.append(name)
    schema_of_object: Schema = {"type": "object", "properties": properties}
    return {**schema_of_object, "required": required_names} if required_names else schema_of_object


def field_schema(row: Field) -> Schema:
    """Return the schema of a field. An optional member may be null, as if absent."""
    schema = _kind_schema(row)
    if row.mandatory:
        return schema
    if "type" in schema:
        enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return {**schema, **enum, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _kind_schema(row: Field) -> Schema:
    match row.kind:
        case Kind.LIST:
            return {"type": "array", "items": table_schema(row.members) if row.members else {"type": "object"}}
        case Kind.OBJECT:
            return table_schema(row.members) if row.members else {"type": "object"}
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


def texts_schema(*, most: int, length: int) -> Schema:
    """Return the schema of a list of 1 to ``most`` texts."""
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": most,
        "items": {"type": "string", "minLength": 1, "maxLength": length, "pattern": NO_NUL},
    }
