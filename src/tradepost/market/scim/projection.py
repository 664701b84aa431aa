"""Which attributes of a resource an answer has (RFC 7644 §3.9). No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from .errors import ScimError
from .said import CORE, ENTERPRISE

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ALWAYS = frozenset({"id", "schemas"})
"""``returned: always`` of RFC 7643 §3."""
ON_REQUEST = frozenset({("members", "display")})
"""``returned: request``: shown where ``attributes`` names them."""
LONGEST = 4_000

type Names = Mapping[str, frozenset[str]]
"""Sub-attributes by attribute, in small letters; the empty one is the whole attribute."""


class Projection(Struct, frozen=True, kw_only=True):
    """``only`` is None where ``attributes`` names nothing."""

    only: Names | None = None
    without: Names = {}

    def has(self, name: str) -> bool:
        """Whether the answer has an attribute, at least in part."""
        if self.only is not None:
            return name.lower() in self.only
        return "" not in self.without.get(name.lower(), ())

    def of(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._value(name.lower(), value)
            for name, value in resource.items()
            if name.lower() in ALWAYS or self.has(name)
        }

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(name, one) for one in value]
        if not isinstance(value, Mapping):
            return value
        return {inner: one for inner, one in value.items() if self._has_inside(name, inner.lower())}

    def _has_inside(self, name: str, inner: str) -> bool:
        if self.only is not None:
            named = self.only[name]
            return inner in named or ("" in named and (name, inner) not in ON_REQUEST)
        return inner not in self.without.get(name, ()) and (name, inner) not in ON_REQUEST


def projection_of(asked: Mapping[str, str]) -> Projection:
    """Raises ``ScimError`` where both are given: they exclude each other."""
    only, without = asked.get("attributes", ""), asked.get("excludedAttributes", "")
    if only.strip() and without.strip():
        raise ScimError("Give attributes or excludedAttributes, not both.", kind="invalidValue")
    if len(only) + len(without) > LONGEST:
        raise ScimError(f"Names of attributes have at most {LONGEST} characters.", kind="invalidValue")
    return Projection(only=_names(only) if only.strip() else None, without=_names(without))


def _names(text: str) -> Names:
    found: dict[str, frozenset[str]] = {}
    for name in filter(None, re.split(r"[,\s]+", text.lower())):
        attribute, inner = _split(name)
        found[attribute] = found.get(attribute, frozenset()) | {inner}
    return found


def _split(name: str) -> tuple[str, str]:
    """``name.familyName``, with the URN of its schema before it or not."""
    extension = ENTERPRISE.lower()
    if name == extension or name.startswith(f"{extension}:"):
        return extension, name[len(extension) + 1 :]
    for schema in (CORE, GROUP):
        name = name.removeprefix(f"{schema.lower()}:")
    attribute, _, inner = name.partition(".")
    return attribute, inner
