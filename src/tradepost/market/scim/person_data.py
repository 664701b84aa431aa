"""Parse a directory's data about a person, from the attributes of a resource or the paths of a PATCH. No I/O.

Only the attributes that the market stores (``documents``) are read. Others are ignored, since directories send them by
default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import ScimError, invalid_value
from .operations import Operation

CORE_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

type Attributes = dict[str, str | bool | None]
"""Values by the names of ``_SIMPLE_ATTRIBUTES``; None for a value to remove."""

_SIMPLE_ATTRIBUTES: Mapping[str, str] = {
    "username": "userName", "externalid": "externalId", "displayname": "displayName", "active": "active", "title": "title",
    "name.formatted": "formatted", "name.givenname": "givenName", "name.familyname": "familyName",
    f"{ENTERPRISE}:employeenumber".lower(): "employeeNumber", f"{ENTERPRISE}:department".lower(): "department",
}  # fmt: skip
_LIST_ATTRIBUTES: Mapping[str, tuple[str, str]] = {"emails": ("email", "work"), "phonenumbers": ("mobile", "mobile")}
"""The attribute and the preferred type of each list. One value of the list is stored."""
_LIST_PATH = re.compile(r"(emails|phonenumbers)\[\s*(type|primary)\s+eq\s+\"?([a-z]+)\"?\s*\](?:\.value)?")


def attributes_of(resource: Mapping[str, Any]) -> Attributes:
    """Parse a full resource, or the value of an operation without a path. Raises ``ScimError``."""
    attributes: Attributes = {}
    for name, value in resource.items():
        attributes |= _attributes_at(name, value)
    return attributes


def changes_of(operations: Sequence[Operation]) -> Attributes:
    """Return the resulting values; later operations take precedence. Raises ``ScimError``."""
    attributes: Attributes = {}
    for operation in operations:
        changes = (
            _attributes_at(operation.path, None if operation.op == "remove" else operation.value)
            if operation.path
            else attributes_of(operation.value)
        )
        # Adding a value, such as a private address, removes no other value.
        attributes |= (
            {key: value for key, value in changes.items() if value is not None} if operation.op == "add" else changes
        )
    return attributes


def _attributes_at(path: str, value: Any) -> Attributes:
    name = path.strip().lower().removeprefix(f"{CORE_SCHEMA.lower()}:")
    if name in _SIMPLE_ATTRIBUTES:
        return {_SIMPLE_ATTRIBUTES[name]: _plain_value(_SIMPLE_ATTRIBUTES[name], value)}
    if name in {"name", ENTERPRISE.lower()}:
        return _nested_attributes(name, value)
    if name in _LIST_ATTRIBUTES:
        return _preferred_value(name, value)
    if match := _LIST_PATH.fullmatch(name):
        key, preferred = _LIST_ATTRIBUTES[match[1]]
        return {key: _plain_value(key, _value_of(value))} if match[3] in {preferred, "true"} else {}
    return {}


def _nested_attributes(name: str, value: Any) -> Attributes:
    if value is None:
        return {key: None for path, key in _SIMPLE_ATTRIBUTES.items() if path.startswith(name) and path != name}
    if not isinstance(value, dict):
        raise invalid_value(f"{name} is an object.")
    between = "." if name == "name" else ":"
    attributes: Attributes = {}
    for inner, inner_value in value.items():
        attributes |= _attributes_at(f"{name}{between}{inner}", inner_value)
    return attributes


def _preferred_value(name: str, value: Any) -> Attributes:
    """Return the primary value, else one of the preferred type, else the first email address."""
    key, preferred = _LIST_ATTRIBUTES[name]
    if value is None:
        return {key: None}
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        raise invalid_value(f"{name} is a list of objects with a value.")
    of_type = [item for item in items if str(item.get("type", "")).lower() == preferred]
    primary = [item for item in items if item.get("primary") is True and (key == "email" or item in of_type)]
    item = next(iter([*primary, *of_type, *(items if key == "email" else [])]), None)
    return {key: _plain_value(key, item.get("value")) if item else None}


def _value_of(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def _plain_value(name: str, value: Any) -> str | bool | None:
    if name == "active":
        return _boolean(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid_value(f"{name} is a text.")
    text: str = value
    return text.removeprefix("tel:") if name == "mobile" else text


def _boolean(value: Any) -> bool | None:
    """Parse a boolean. Entra ID sends the texts "True" and "False"."""
    if value is None:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ScimError("active is true or false.", kind="invalidValue")


def name_from_attributes(attributes: Attributes, *, known: str = "") -> str:
    """Return ``displayName``, else the formatted name, else both parts in the order of their script.

    Returns ``known``, the current name, if nothing or only one part is given, since the market does not store the
    parts.
    """
    if full_name := attributes.get("displayName") or attributes.get("formatted"):
        return str(full_name)
    given_name, family_name = str(attributes.get("givenName") or ""), str(attributes.get("familyName") or "")
    if known and not (given_name and family_name):
        return known
    if (family_name + given_name).isascii():
        return f"{given_name} {family_name}".strip()
    return family_name + given_name
