"""Field tables of the joint-operation kit 1.0, as data. Lists are sent as JSON in a text (openapi-jointkit §A.5 to
§A.9)."""

from __future__ import annotations

from tradepost.protocols.activity_body import Tables
from tradepost.protocols.sync_commands import SyncAllOrgs, SyncApplication, SyncAuth, SyncOrg, SyncTenant
from tradepost.protocols.sync_fields import (
    APP,
    APPLICATION_SYNC,
    DEPARTMENT,
    INSTANCE,
    TENANT,
    TENANT_SYNC,
    TEST_FLAG,
    TIMESTAMP,
    USER,
    flag,
)
from tradepost.protocols.wire_fields import Field, Kind

PREFIX = "/produceAPI/"

REQUESTS: Tables = {
    SyncTenant: (*TENANT_SYNC, flag(0, 1), TEST_FLAG, TIMESTAMP),
    SyncApplication: (*APPLICATION_SYNC, flag(0, 1), TEST_FLAG, TIMESTAMP),
    SyncAuth: (
        INSTANCE,
        TENANT,
        APP,
        Field("userList"),
        Field("currentSyncTime", 20),
        flag(0, 1, 2),
        TEST_FLAG,
        TIMESTAMP,
    ),
    SyncOrg: (INSTANCE, TENANT, *DEPARTMENT, flag(0, 1, 2), TEST_FLAG, TIMESTAMP),
    SyncAllOrgs: (INSTANCE, TENANT, Field("orgInfo"), TEST_FLAG, TIMESTAMP),
}

LIST_FIELDS: Tables = {
    SyncAuth: (Field("userList", kind=Kind.LIST, members=USER),),
    SyncAllOrgs: (Field("orgInfoList", kind=Kind.LIST, members=DEPARTMENT),),
}
"""Contents of these texts after parsing, with items named as in the second generation."""
