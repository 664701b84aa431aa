"""Operations of a PATCH (RFC 7644 §3.5.2), including the spellings of Entra ID and Okta. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from .errors import ScimError, invalid_syntax

MAX_OPERATIONS = 1_000
MAX_PATH_LENGTH = 600
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Operation(Struct, frozen=True):
    """An operation of a PATCH.

    ``op``: ``add``, ``replace`` or ``remove`` in lower case, since Entra ID sends ``Add``. ``path``: empty if the value
    names the attributes.
    """

    op: str
    path: str
    value: Any


def operations_of(body: dict[str, Any]) -> Sequence[Operation]:
    """Parse the operations. Raises ``ScimError``."""
    items = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(items, list) or not items or len(items) > MAX_OPERATIONS:
        raise invalid_syntax(f"A PATCH has Operations: a list of 1 to {MAX_OPERATIONS}.")
    return [_operation(item) for item in items]


def _operation(item: Any) -> Operation:
    fields = {name.lower(): value for name, value in item.items()} if isinstance(item, dict) else {}
    op, path, value = fields.get("op"), fields.get("path", ""), fields.get("value")
    if not isinstance(op, str) or op.lower() not in {"add", "replace", "remove"}:
        raise invalid_syntax("The op of an operation is add, replace or remove.")
    if path is None:
        path = ""
    if not isinstance(path, str) or len(path) > MAX_PATH_LENGTH:
        raise ScimError("The path of an operation is a text.", kind="invalidPath")
    if not path and op.lower() == "remove":
        raise ScimError("An operation that removes something names it by its path.", kind="noTarget")
    if not path and not isinstance(value, dict):
        raise invalid_syntax("An operation without a path has an object as its value.")
    return Operation(op.lower(), path.strip(), value)
