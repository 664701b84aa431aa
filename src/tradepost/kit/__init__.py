"""Library for sellers: write a few functions and get a conformant production interface.

>>> from tradepost.kit import Create, Created, Seller, serve
"""

from __future__ import annotations

from tradepost.protocols.commands import (
    AppInfo,
    Buyer,
    ChargingMode,
    CheckChange,
    Create,
    Expire,
    GetLicenseAsync,
    InstanceInfo,
    InstanceStatus,
    NotifyOrder,
    Pending,
    Purchase,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
    UsageInfo,
)
from tradepost.protocols.sync_commands import (
    Department,
    SyncAllOrgs,
    SyncApplication,
    SyncAuth,
    SyncedUser,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)

from .answers import Created, Instance, InstanceState, Reject
from .seller import Seller
from .serve import serve
from .sqlite_store import SQLiteStore
from .store import Store
from .wsgi import wsgi

__all__ = [
    "AppInfo",
    "Buyer",
    "ChargingMode",
    "CheckChange",
    "Create",
    "Created",
    "Department",
    "Expire",
    "GetLicenseAsync",
    "Instance",
    "InstanceInfo",
    "InstanceState",
    "InstanceStatus",
    "NotifyOrder",
    "Pending",
    "Purchase",
    "Query",
    "Refresh",
    "Reject",
    "Release",
    "SQLiteStore",
    "Scene",
    "Seller",
    "SetStatus",
    "Store",
    "SyncAllOrgs",
    "SyncApplication",
    "SyncAuth",
    "SyncFlag",
    "SyncOrg",
    "SyncTenant",
    "SyncedUser",
    "Upgrade",
    "UsageInfo",
    "serve",
    "wsgi",
]
