"""For sellers: write a handful of functions, get a production interface that passes.

>>> from tradepost.kit import Create, Created, Seller, serve
"""

from __future__ import annotations

from tradepost.protocols.commands import (
    AppInfo,
    CheckChange,
    Create,
    InstanceInfo,
    InstanceStatus,
    Pending,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
    UsageInfo,
)

from .answers import Created, Instance, InstanceState, Reject
from .seller import Seller
from .serve import serve
from .sqlite_store import SQLiteStore
from .store import Store
from .wsgi import wsgi

__all__ = [
    "AppInfo",
    "CheckChange",
    "Create",
    "Created",
    "Instance",
    "InstanceInfo",
    "InstanceState",
    "InstanceStatus",
    "Pending",
    "Query",
    "Refresh",
    "Reject",
    "Release",
    "SQLiteStore",
    "Scene",
    "Seller",
    "SetStatus",
    "Store",
    "Upgrade",
    "UsageInfo",
    "serve",
    "wsgi",
]
