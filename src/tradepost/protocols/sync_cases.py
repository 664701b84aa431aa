"""Debug cases of the joint-operation kit, equal in both generations: five calls that products with joint operation need
(openapi-jointkit §A.10). ``instanceId`` and ``orderId`` are empty while an interface is debugged (§A.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cases import Case, Need
from .client_secret import encrypt
from .sync_commands import SyncAllOrgs, SyncApplication, SyncAuth, SyncOrg, SyncTenant
from .sync_paths import OPERATIONS
from .text import Text
from .wire_fields import Field

_JOINT_NEED = frozenset({Need.JOINT})
_UNBOUND_IDS = {"instanceId": "", "orderId": ""}

CASES = (
    Case(
        kind=SyncTenant, activity=OPERATIONS[SyncTenant], needs=_JOINT_NEED, fixed=_UNBOUND_IDS,
        title=Text(en="Enterprise", zh="企业同步"),
    ),
    Case(
        kind=SyncApplication, activity=OPERATIONS[SyncApplication], needs=_JOINT_NEED, fixed=_UNBOUND_IDS,
        title=Text(en="Application", zh="应用同步"),
    ),
    Case(
        kind=SyncAuth, activity=OPERATIONS[SyncAuth], needs=_JOINT_NEED, fixed=_UNBOUND_IDS,
        title=Text(en="Authorised users", zh="用户授权同步"),
    ),
    Case(
        kind=SyncOrg, activity=OPERATIONS[SyncOrg], needs=_JOINT_NEED, fixed=_UNBOUND_IDS,
        title=Text(en="One department", zh="部门增量同步"),
    ),
    Case(
        kind=SyncAllOrgs, activity=OPERATIONS[SyncAllOrgs], needs=_JOINT_NEED, fixed=_UNBOUND_IDS,
        title=Text(en="All departments", zh="部门全量同步"),
    ),
)  # fmt: skip

PUBLIC_KEY = Field("publicKey", 4096, mandatory=False)
"""Not a member of the request: with it, the typed secret is plain text, and the market encrypts it for each call (§A.6,
§A.10)."""


def encrypted(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members to send. Raises ``ValueError`` if the key is not an RSA key of at least 3072 bits, or cannot
    hold the secret."""
    request = dict(members)
    key = str(request.pop(PUBLIC_KEY.name, "") or "").strip()
    return {**request, "clientSecret": encrypt(str(request.get("clientSecret", "")), key)} if key else request
