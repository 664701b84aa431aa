"""Field tables of the authorization-code License, as data (saas-v1-license §B2.2)."""

from __future__ import annotations

from tradepost.protocols.activity_body import TEST_FLAG, Activities, Tables
from tradepost.protocols.commands import InstanceStatus, Refresh, Release, Scene, SetStatus
from tradepost.protocols.wire_fields import Field

ACTIVITIES: Activities = {
    Refresh: "refreshLicenseCode",
    SetStatus: "updateLicenseCodeStatus",
    Release: "releaseLicenseCode",
}

SCENES = (Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD)

# Not marked secret: every call is about the code, and a report could not name the license without it.
_LICENSE = Field("license", 64)

REQUESTS: Tables = {
    Refresh: (
        Field("activity", 20),
        Field("scene", 64, values=SCENES),
        Field("orderId", 64),
        Field("orderLineId", 64),
        _LICENSE,
        Field("productId", 64, mandatory=False),
        Field("expireTime", 20),
        TEST_FLAG,
    ),
    SetStatus: (Field("activity", 32), _LICENSE, Field("status", 32, values=tuple(InstanceStatus)), TEST_FLAG),
    Release: (
        Field("activity", 32),
        _LICENSE,
        Field("orderId", 64, mandatory=False),
        Field("orderLineId", 64, mandatory=False),
        TEST_FLAG,
    ),
}
