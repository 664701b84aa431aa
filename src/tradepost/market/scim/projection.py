"""The attributes of a resource in a response (RFC 7644 §3.9). No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from .errors import ScimError
from .person_data import CORE_SCHEMA, ENTERPRISE

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ALWAYS_RETURNED = frozenset({"id", "schemas"})
"""``returned: always`` of RFC 7643 §3."""
RETURNED_ON_REQUEST = frozenset({("members", "display")})
"""``returned: request``: included if ``attributes`` names them."""
MAX_LENGTH = 4_000

type Names = Mapping[str, frozenset[str]]
"""Sub-attributes by attribute, in lower case; the empty one is the full attribute."""


class Projection(Struct, frozen=True, kw_only=True):
    """The requested attributes. ``only``: None if ``attributes`` is empty."""

    only: Names | None = None
    without: Names = {}

    def has(self, name: str) -> bool:
        """Return whether the response has an attribute, at least in part."""
        if self.only is not None:
            return name.lower() in self.only
        return "" not in self.without.get(name.lower(), ())

    def of(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._value(name.lower(), value)
            for name, value in resource.items()
            if name.lower() in ALWAYS_RETURNED or self.has(name)
        }

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(name, item) for item in value]
        if not isinstance(value, Mapping):
            return value
        return {inner: item for inner, item in value.items() if self._has_inside(name, inner.lower())}

    def _has_inside(self, name: str, inner: str) -> bool:
        if self.only is not None:
            sub_attributes = self.only[name]
            return inner in sub_attributes or ("" in sub_attributes and (name, inner) not in RETURNED_ON_REQUEST)
        return inner not in self.without.get(name, ()) and (name, inner) not in RETURNED_ON_REQUEST


def projection_of(parameters: Mapping[str, str]) -> Projection:
    """Parse the parameters. Raises ``ScimError`` if both are given."""
    only, without = parameters.get("attributes", ""), parameters.get("excludedAttributes", "")
    if only.strip() and without.strip():
        raise ScimError("Give attributes or excludedAttributes, not both.", kind="invalidValue")
    if len(only) + len(without) > MAX_LENGTH:
        raise ScimError(f"Names of attributes have at most {MAX_LENGTH} characters.", kind="invalidValue")
    return Projection(only=_names(only) if only.strip() else None, without=_names(without))


def _names(text: str) -> Names:
    by_attribute: dict[str, frozenset[str]] = {}
    for name in filter(None, re.split(r"[,\s]+", text.lower())):
        attribute, inner = _split(name)
        by_attribute[attribute] = by_attribute.get(attribute, frozenset()) | {inner}
    return by_attribute


def _split(name: str) -> tuple[str, str]:
    """Split ``name.familyName``, with or without the URN of its schema."""
    extension = ENTERPRISE.lower()
    if name == extension or name.startswith(f"{extension}:"):
        return extension, name[len(extension) + 1 :]
    for schema in (CORE_SCHEMA, GROUP):
        name = name.removeprefix(f"{schema.lower()}:")
    attribute, _, inner = name.partition(".")
    return attribute, inner
