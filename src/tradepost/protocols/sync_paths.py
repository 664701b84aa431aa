"""Paths of the joint-operation calls, appended to the product's address (openapi-jointkit §A.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from .commands import Command
from .contract import Denied
from .stamped import INVALID_PARAMETER
from .sync_commands import SyncAllOrgs, SyncApplication, SyncAuth, SyncOrg, SyncTenant

if TYPE_CHECKING:
    from .http import Request

OPERATIONS: Mapping[type[Command], str] = {
    SyncTenant: "tenantSync",
    SyncApplication: "applicationSync",
    SyncAuth: "authSync",
    SyncOrg: "singleOrgSync",
    SyncAllOrgs: "allOrgSync",
}


def extend_address(address: str, path: str) -> str:
    """Return the address with the path appended to its own. Raises ``ValueError`` for an invalid address."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}{path}", parts.query, ""))


def operation(request: Request, prefix: str) -> type[Command]:
    """Return the command named by the end of the path. Raises ``Denied`` with 000002."""
    try:
        path = request.path
    except ValueError:
        raise Denied(INVALID_PARAMETER, "the URL cannot be read") from None
    for kind, word in OPERATIONS.items():
        if path.endswith(f"{prefix}{word}"):
            return kind
    raise Denied(INVALID_PARAMETER, f"the path does not end with {prefix} and the name of a call")
