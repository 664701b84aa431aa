"""What a directory says of a person, by whichever spelling: attributes of a resource, or paths of a PATCH. No I/O.

Of the many attributes of RFC 7643 those are read that the market keeps (``documents``); the others are passed over, as directories
send them by default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import ScimError, wrong_value
from .operations import Operation

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

type Said = dict[str, str | bool | None]
"""By the names of ``_SIMPLE``; None for what is to be known no more."""

_SIMPLE: Mapping[str, str] = {
    "username": "userName", "externalid": "externalId", "displayname": "displayName", "active": "active", "title": "title",
    "name.formatted": "formatted", "name.givenname": "givenName", "name.familyname": "familyName",
    f"{ENTERPRISE}:employeenumber".lower(): "employeeNumber", f"{ENTERPRISE}:department".lower(): "department",
}  # fmt: skip
_LISTS: Mapping[str, tuple[str, str]] = {"emails": ("email", "work"), "phonenumbers": ("mobile", "mobile")}
"""What is kept of a list of values: one of them, best of this type."""
_OF_LIST = re.compile(r"(emails|phonenumbers)\[\s*(type|primary)\s+eq\s+\"?([a-z]+)\"?\s*\](?:\.value)?")


def of_resource(resource: Mapping[str, Any]) -> Said:
    """Of a whole resource, or of the value of an operation without a path. Raises ``ScimError``."""
    said: Said = {}
    for name, value in resource.items():
        said |= _at(name, value)
    return said


def of_operations(operations: Sequence[Operation]) -> Said:
    """What is to be so afterwards; later operations go over earlier ones. Raises ``ScimError``."""
    said: Said = {}
    for one in operations:
        read = _at(one.path, None if one.op == "remove" else one.value) if one.path else of_resource(one.value)
        # A value that is added beside others, such as a private address, takes nothing away.
        said |= {key: value for key, value in read.items() if value is not None} if one.op == "add" else read
    return said


def _at(path: str, value: Any) -> Said:
    name = path.strip().lower().removeprefix(f"{CORE.lower()}:")
    if name in _SIMPLE:
        return {_SIMPLE[name]: _plain(_SIMPLE[name], value)}
    if name in {"name", ENTERPRISE.lower()}:
        return _inside(name, value)
    if name in _LISTS:
        return _chosen(name, value)
    if found := _OF_LIST.fullmatch(name):
        key, best = _LISTS[found[1]]
        return {key: _plain(key, _value_of(value))} if found[3] in {best, "true"} else {}
    return {}


def _inside(name: str, value: Any) -> Said:
    if value is None:
        return {key: None for path, key in _SIMPLE.items() if path.startswith(name) and path != name}
    if not isinstance(value, dict):
        raise wrong_value(f"{name} is an object.")
    between = "." if name == "name" else ":"
    said: Said = {}
    for inner, one in value.items():
        said |= _at(f"{name}{between}{inner}", one)
    return said


def _chosen(name: str, value: Any) -> Said:
    """The primary value, else one of the type that is kept, else of e-mail addresses the first."""
    key, best = _LISTS[name]
    if value is None:
        return {key: None}
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in given):
        raise wrong_value(f"{name} is a list of objects with a value.")
    of_type = [one for one in given if str(one.get("type", "")).lower() == best]
    primary = [one for one in given if one.get("primary") is True and (key == "email" or one in of_type)]
    one = next(iter([*primary, *of_type, *(given if key == "email" else [])]), None)
    return {key: _plain(key, one.get("value")) if one else None}


def _value_of(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def _plain(name: str, value: Any) -> str | bool | None:
    if name == "active":
        return _truth(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong_value(f"{name} is a text.")
    text: str = value
    return text.removeprefix("tel:") if name == "mobile" else text


def _truth(value: Any) -> bool | None:
    """Entra ID writes the texts "True" and "False"."""
    if value is None:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ScimError("active is true or false.", kind="invalidValue")


def name_of(said: Said, *, known: str = "") -> str:
    """``displayName``, else the formatted name, else the two parts in the order of their script; ``known``, the name so far, where
    nothing is said, or one part alone, since the market does not know which part of the name it would replace."""
    if whole := said.get("displayName") or said.get("formatted"):
        return str(whole)
    given, family = str(said.get("givenName") or ""), str(said.get("familyName") or "")
    if known and not (given and family):
        return known
    if (family + given).isascii():
        return f"{given} {family}".strip()
    return family + given
