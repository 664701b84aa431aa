"""Field tables of the joint-operation kit 2.0, as data (openapi-jointkit §A.5 to §A.9)."""

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

PREFIX = "/produceAPI/v2/"

REQUESTS: Tables = {
    SyncTenant: (*TENANT_SYNC, flag(0, 1, 2), TEST_FLAG, TIMESTAMP),
    SyncApplication: (*APPLICATION_SYNC, flag(0, 1, 2), TEST_FLAG, TIMESTAMP),
    SyncAuth: (
        INSTANCE,
        TENANT,
        APP,
        Field("userList", kind=Kind.LIST, members=USER),
        Field("currentSyncTime", 20),
        flag(0, 1, 2, 3),
        TEST_FLAG,
        TIMESTAMP,
    ),
    SyncOrg: (INSTANCE, TENANT, *DEPARTMENT, flag(0, 1, 2), TEST_FLAG, TIMESTAMP),
    # An example has a flag that the table lacks; unknown members are tolerated.
    SyncAllOrgs: (INSTANCE, TENANT, Field("orgInfoList", kind=Kind.LIST, members=DEPARTMENT), TEST_FLAG, TIMESTAMP),
}
