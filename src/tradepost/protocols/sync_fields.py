"""Rows of the joint-operation field tables that both generations share, as data (openapi-jointkit §A.5 to §A.9)."""

from __future__ import annotations

from .wire_fields import Field, Kind

MAX_USERS = 500
"""Maximum users in one authSync (openapi-jointkit §A.7)."""

# Mandatory, and an empty text while a credential is applied for; an absent value is read as empty.
INSTANCE = Field("instanceId", 64, mandatory=False)
ORDER = Field("orderId", 64, mandatory=False)
TENANT = Field("tenantId", 64)
APP = Field("appId", 64)
TEST_FLAG = Field("testFlag", 2, kind=Kind.INTEGER, values=("0", "1"))
TIMESTAMP = Field("timeStamp", 20)


def flag(*values: int) -> Field:
    return Field("flag", 2, kind=Kind.INTEGER, values=tuple(map(str, values)))


TENANT_SYNC = (
    INSTANCE,
    ORDER,
    TENANT,
    Field("tenantCode", 64),
    Field("name", 255),
    Field("domainName", 255),
)
APPLICATION_SYNC = (
    INSTANCE,
    TENANT,
    APP,
    Field("clientId", 64),
    Field("clientSecret", secret=True),
)
DEPARTMENT = (
    Field("orgCode", 64),
    Field("orgName", 128),
    Field("parentCode", 64, mandatory=False),
)
USER = (
    Field("userName", 64),
    Field("name", 64),
    Field("orgCode", 64),
    Field("position", 64, mandatory=False),
    Field("employeeCode", 64, mandatory=False),
    Field("employeeType", 11, mandatory=False, kind=Kind.INTEGER),
    Field("role", 32, values=("user", "admin")),
    Field("enable", 8, values=("true", "false")),
    Field("mobile", 32, mandatory=False),
    Field("email", 128, mandatory=False),
    Field("workPlace", 256, mandatory=False),
    Field("entryDate", 20, mandatory=False),
    Field("extension", mandatory=False, kind=Kind.OBJECT),
)
