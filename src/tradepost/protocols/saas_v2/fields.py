"""Field tables of SaaS 2.0, as data (saas-v2 §3): limits for both ends, and the fields that the tester violates."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Create,
    InstanceStatus,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.instance_info import APP_INFO
from tradepost.protocols.wire_fields import Field, Kind

ACTIVITIES: Mapping[type[Command], str] = {
    Create: "newInstance",
    Query: "queryInstance",
    Refresh: "refreshInstance",
    SetStatus: "updateInstanceStatus",
    Release: "releaseInstance",
    Upgrade: "upgradeInstance",
    CheckChange: "changeInstanceCheck",
}

MAX_IDS = 100
"""Maximum instance IDs in one query (saas-v2 §3.2)."""
INSTANCE_ID_LENGTH = 64
PRODUCT_NAME_LENGTH = 64

_ACTIVITY = Field("activity", 32)
_ORDER = (Field("orderId", 64), Field("orderLineId", 64))
_INSTANCE = Field("instanceId", INSTANCE_ID_LENGTH)
_TEST_FLAG = Field("testFlag", 2, mandatory=False, values=("0", "1"))

PRODUCT_INFO = (
    Field("productId", 64),
    Field("skuCode", 64),
    Field("linearValue", mandatory=False, kind=Kind.INTEGER),
    Field("productName", PRODUCT_NAME_LENGTH),
)

REQUESTS: Mapping[type[Command], tuple[Field, ...]] = {
    Create: (Field("activity", 20), *_ORDER, Field("businessId", 64), _TEST_FLAG),
    # The documented length 100 of instanceId cannot hold the documented 100 IDs, so only their number is limited.
    Query: (Field("activity", 20), Field("instanceId"), _TEST_FLAG),
    Refresh: (
        Field("activity", 20),
        Field("scene", 64, values=tuple(Scene)),
        *_ORDER,
        _INSTANCE,
        Field("productId", 64, mandatory=False),
        Field("expireTime", 20),
        _TEST_FLAG,
    ),
    SetStatus: (_ACTIVITY, _INSTANCE, Field("status", 32, values=tuple(InstanceStatus)), _TEST_FLAG),
    Release: (
        _ACTIVITY,
        _INSTANCE,
        Field("orderId", 64, mandatory=False),
        Field("orderLineId", 64, mandatory=False),
        _TEST_FLAG,
    ),
    Upgrade: (_ACTIVITY, _INSTANCE, *_ORDER, _TEST_FLAG),
    CheckChange: (_ACTIVITY, _INSTANCE, Field("productInfo", kind=Kind.OBJECT, members=PRODUCT_INFO), _TEST_FLAG),
}

USAGE_INFO = (
    Field("relatedInstanceId", 64, mandatory=False),
    Field("usageValue", 20, kind=Kind.DECIMAL),
    Field("statisticalTime", 20),
    Field("dashboardUrl", 512, mandatory=False),
)
INSTANCE_INFO = (
    _INSTANCE,
    Field("appInfo", mandatory=False, kind=Kind.OBJECT, members=APP_INFO),
    Field("usageInfo", mandatory=False, kind=Kind.LIST, members=USAGE_INFO),
)

RESULT = (Field("resultCode", 6), Field("resultMsg", 255, mandatory=False))
"""Members of every answer (saas-v2 §3.0)."""

SUCCESSES: Mapping[type[Command], tuple[Field, ...]] = {
    Create: (*RESULT, _INSTANCE),
    Query: (*RESULT, Field("info", mandatory=False, kind=Kind.LIST, members=INSTANCE_INFO)),
    Refresh: RESULT,
    SetStatus: RESULT,
    Release: RESULT,
    Upgrade: RESULT,
    CheckChange: RESULT,
}
"""Members of answers with 000000."""
