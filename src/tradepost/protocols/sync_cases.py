"""Debug cases of the joint-operation kit, the same in both generations: five calls that products with joint operation need
(openapi-jointkit §A.10). While an interface is debugged, ``instanceId`` and ``orderId`` are empty (§A.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cases import Case, Need
from .client_secret import encrypt
from .sync_commands import SyncAllOrgs, SyncApplication, SyncAuth, SyncOrg, SyncTenant
from .sync_paths import OPERATIONS
from .text import Text
from .wire_fields import Field

_JOINT = frozenset({Need.JOINT})
_UNBOUND = {"instanceId": "", "orderId": ""}

CASES = (
    Case(
        kind=SyncTenant, activity=OPERATIONS[SyncTenant], needs=_JOINT, fixed=_UNBOUND,
        title=Text(en="Enterprise", zh="企业同步"),
    ),
    Case(
        kind=SyncApplication, activity=OPERATIONS[SyncApplication], needs=_JOINT, fixed=_UNBOUND,
        title=Text(en="Application", zh="应用同步"),
    ),
    Case(
        kind=SyncAuth, activity=OPERATIONS[SyncAuth], needs=_JOINT, fixed=_UNBOUND,
        title=Text(en="Authorised users", zh="用户授权同步"),
    ),
    Case(
        kind=SyncOrg, activity=OPERATIONS[SyncOrg], needs=_JOINT, fixed=_UNBOUND,
        title=Text(en="One department", zh="部门增量同步"),
    ),
    Case(
        kind=SyncAllOrgs, activity=OPERATIONS[SyncAllOrgs], needs=_JOINT, fixed=_UNBOUND,
        title=Text(en="All departments", zh="部门全量同步"),
    ),
)  # fmt: skip

PUBLIC_KEY = Field("publicKey", 4096, mandatory=False)
"""No member of the request: with it, the secret that is typed is plain, and the market encrypts it anew for each call (§A.6, §A.10)."""


def encrypted(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are sent. Raises ``ValueError`` for what is no RSA key of 3072 bits or more, or cannot hold the secret."""
    sent = dict(members)
    key = str(sent.pop(PUBLIC_KEY.name, "") or "").strip()
    return {**sent, "clientSecret": encrypt(str(sent.get("clientSecret", "")), key)} if key else sent
