"""Joint operation for sellers: enterprises, people and departments kept in step with the market, and their sign-in.

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
