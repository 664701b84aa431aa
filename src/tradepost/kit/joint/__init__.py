"""Joint operation for sellers: synchronise enterprises, people and departments with the market, and sign people in.

>>> from tradepost.kit.joint import ClientSecrets, JointLogin, JointSync, SQLiteDirectory
"""

from __future__ import annotations

from .client_secrets import ClientSecrets
from .directory import Directory
from .login import JointLogin, SignedIn
from .memory_directory import MemoryDirectory
from .rows import Application, Tenant, TenantDepartment, User
from .sqlite_directory import SQLiteDirectory
from .sync import JointSync

__all__ = [
    "Application",
    "ClientSecrets",
    "Directory",
    "JointLogin",
    "JointSync",
    "MemoryDirectory",
    "SQLiteDirectory",
    "SignedIn",
    "Tenant",
    "TenantDepartment",
    "User",
]
