"""Field tables of the online License, as data (saas-v1-license §B3)."""

from __future__ import annotations

from tradepost.protocols.activity_body import TEST_FLAG, Activities, Tables
from tradepost.protocols.commands import Create, GetLicenseAsync, InstanceStatus, Refresh, Release, Scene, SetStatus
from tradepost.protocols.wire_fields import Field

ACTIVITIES: Activities = {
    Create: "newInstance",
    Refresh: "refreshInstance",
    SetStatus: "updateInstanceStatus",
    Release: "releaseInstance",
    GetLicenseAsync: "getLicenseAsync",
}

SCENES = (Scene.TRIAL_TO_FORMAL, Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD)
"""No RENEWAL_CHANGE as in SaaS 2.0: the guide of the online License has no upgrades."""

_ORDER = (Field("orderId", 64), Field("orderLineId", 64))
_INSTANCE = Field("instanceId", 64)

REQUESTS: Tables = {
    Create: (Field("activity", 20), *_ORDER, Field("businessId", 64), TEST_FLAG),
    Refresh: (
        Field("activity", 20),
        Field("scene", 64, values=SCENES),
        *_ORDER,
        _INSTANCE,
        Field("productId", 64, mandatory=False),
        Field("expireTime", 20),
        TEST_FLAG,
    ),
    SetStatus: (Field("activity", 32), _INSTANCE, Field("status", 32, values=tuple(InstanceStatus)), TEST_FLAG),
    Release: (
        Field("activity", 32),
        _INSTANCE,
        Field("orderId", 64, mandatory=False),
        Field("orderLineId", 64, mandatory=False),
        TEST_FLAG,
    ),
    GetLicenseAsync: (
        Field("activity", 20),
        _INSTANCE,
        Field("effectiveTime", 32),
        Field("expireTime", 32, mandatory=False),
        Field("eventId", 64),
        Field("deviceFingerprint", 1024, mandatory=False),
        TEST_FLAG,
    ),
}
