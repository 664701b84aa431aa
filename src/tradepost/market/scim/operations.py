"""The operations of a PATCH (RFC 7644 §3.5.2), read as Entra ID and Okta write them as well. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from .errors import ScimError, wrong_syntax

MOST = 1_000
LONGEST_PATH = 600
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Operation(Struct, frozen=True):
    """``op``: ``add``, ``replace`` or ``remove``, in small letters: Entra ID sends ``Add``. ``path`` is empty where the value names
    the attributes."""

    op: str
    path: str
    value: Any


def operations_of(body: dict[str, Any]) -> Sequence[Operation]:
    """Raises ``ScimError``."""
    given = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(given, list) or not given or len(given) > MOST:
        raise wrong_syntax(f"A PATCH has Operations: a list of 1 to {MOST}.")
    return [_operation(one) for one in given]


def _operation(given: Any) -> Operation:
    one = {name.lower(): value for name, value in given.items()} if isinstance(given, dict) else {}
    op, path, value = one.get("op"), one.get("path", ""), one.get("value")
    if not isinstance(op, str) or op.lower() not in {"add", "replace", "remove"}:
        raise wrong_syntax("The op of an operation is add, replace or remove.")
    if path is None:
        path = ""
    if not isinstance(path, str) or len(path) > LONGEST_PATH:
        raise ScimError("The path of an operation is a text.", kind="invalidPath")
    if not path and op.lower() == "remove":
        raise ScimError("An operation that removes something names it by its path.", kind="noTarget")
    if not path and not isinstance(value, dict):
        raise wrong_syntax("An operation without a path has an object as its value.")
    return Operation(op.lower(), path.strip(), value)
