"""Field tables of SaaS 1.0, as data (saas-v1-license A2): limits for both ends, and the fields that the tester
violates."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.commands import Command, Create, Expire, Query, Refresh, Release, SetStatus, Upgrade
from tradepost.protocols.wire_fields import Field, Kind

ACTIVITIES: Mapping[type[Command], str] = {
    Create: "newInstance",
    Query: "queryInstance",
    Refresh: "refreshInstance",
    Expire: "expireInstance",
    SetStatus: "instanceStatus",
    Release: "releaseInstance",
    Upgrade: "upgrade",
}

MAX_IDS = 100
"""Maximum instance IDs in one query (saas-v1-license A2.8)."""
INSTANCE_ID_LENGTH = 64

ENVELOPE = (
    Field("authToken", 50),
    Field("timeStamp", 20),
    Field("activity", 32),
)
"""In every request; signing adds the first two (saas-v1-license A2)."""

SECRETS = ("mobilePhone", "email")
"""Encrypted request fields (saas-v1-license A1.4)."""
APP_SECRETS = ("userName", "password")
"""Encrypted members of appInfo (saas-v1-license A1.4)."""

_ACTIVITY = Field("activity", 20)
_INSTANCE = Field("instanceId", INSTANCE_ID_LENGTH)
_TEST_FLAG = Field("testFlag", 2, mandatory=False, values=("0", "1"))
_PERIOD = (
    Field("periodType", 10, mandatory=False, values=("year", "month", "day")),
    # Two digits in one revision, five in another; the larger limit applies (saas-v1-license G).
    Field("periodNumber", 5, mandatory=False, kind=Kind.INTEGER),
)
_ORDER_AMOUNT = Field("orderAmount", 20, mandatory=False, kind=Kind.DECIMAL)
# Four digits in older texts, seven in the newer; the larger limit applies (saas-v1-license G).
_QUANTITY_FIELDS = tuple(
    Field(name, 7, mandatory=False, kind=Kind.INTEGER) for name in ("amount", "diskSize", "bandWidth")
)
_EXTEND_PARAMS = Field("saasExtendParams", 2048, mandatory=False)
# Mandatory in the tables, missing in the printed samples (saas-v1-license G).
_ORIGINAL_ORDER = Field("orderId", 64, mandatory=False)

REQUESTS: Mapping[type[Command], tuple[Field, ...]] = {
    Create: (
        _ACTIVITY,
        Field("customerId", 100),
        Field("customerName", 64, mandatory=False),
        Field("userId", 64, mandatory=False),
        Field("userName", 64, mandatory=False),
        # The printed lengths of the two are not legible; this holds the longest possible address, encrypted.
        Field("mobilePhone", 512, mandatory=False, secret=True),
        Field("email", 512, mandatory=False, secret=True),
        Field("businessId", 64),
        Field("orderId", 64),
        Field("skuCode", 64, mandatory=False),
        Field("productId", 64),
        _TEST_FLAG,
        Field("trialFlag", 2, mandatory=False, values=("0", "1")),
        Field("startTime", 20, mandatory=False),
        Field("expireTime", 20, mandatory=False),
        Field("chargingMode", 3, mandatory=False, kind=Kind.INTEGER),
        _EXTEND_PARAMS,
        *_QUANTITY_FIELDS,
        *_PERIOD,
        _ORDER_AMOUNT,
        # Sent by KooGallery; sellers must not depend on it (saas-v1-license A2.1), so Tradepost neither sends nor reads
        # it.
        Field("provisionType", 2, mandatory=False, kind=Kind.INTEGER),
    ),
    # The documented length 64 of instanceId cannot hold the documented 100 IDs, so only their number is limited.
    Query: (_ACTIVITY, Field("instanceId"), _TEST_FLAG),
    Refresh: (
        _ACTIVITY,
        Field("orderId", 64),
        _INSTANCE,
        Field("productId", 64, mandatory=False),
        Field("expireTime", 20),
        Field("trialToFormal", 2, mandatory=False, values=("0", "1")),
        *_PERIOD,
        _ORDER_AMOUNT,
        _TEST_FLAG,
    ),
    Expire: (_ACTIVITY, _INSTANCE, _ORIGINAL_ORDER, _TEST_FLAG),
    SetStatus: (
        Field("activity", 32),
        _INSTANCE,
        Field("instanceStatus", 32, values=("FREEZE", "NORMAL")),
        _TEST_FLAG,
    ),
    Release: (_ACTIVITY, _INSTANCE, _ORIGINAL_ORDER, _ORDER_AMOUNT, _TEST_FLAG),
    Upgrade: (
        _ACTIVITY,
        _INSTANCE,
        Field("orderId", 64),
        Field("skuCode", 64),
        Field("productId", 64),
        *_QUANTITY_FIELDS,
        _EXTEND_PARAMS,
        _TEST_FLAG,
    ),
}

APP_INFO = (
    Field("frontEndUrl", 512),
    Field("adminUrl", 512, mandatory=False),
    # Length of the encrypted text: 79 bytes of plain text fit, 80 do not (saas-v1-license A1.4).
    Field("userName", 128, mandatory=False, secret=True),
    Field("password", 128, mandatory=False, secret=True),
    Field("memo", 1024, mandatory=False),
)
USAGE_INFO = (
    Field("relatedInstanceId", 64, mandatory=False),
    Field("usageValue", 20, kind=Kind.DECIMAL),
    Field("statisticalTime", 20),
    Field("dashboardUrl", 512, mandatory=False),
)
_APP = Field("appInfo", mandatory=False, kind=Kind.OBJECT, members=APP_INFO)
INSTANCE_INFO = (_INSTANCE, _APP, Field("usageInfo", mandatory=False, kind=Kind.LIST, members=USAGE_INFO))

RESULT = (Field("resultCode", 6), Field("resultMsg", 255, mandatory=False))
"""Members of every answer (saas-v1-license A2)."""
_ENCRYPT_TYPE = Field("encryptType", 3, mandatory=False, values=("1", "2"))

SUCCESSES: Mapping[type[Command], tuple[Field, ...]] = {
    Create: (*RESULT, _ENCRYPT_TYPE, _INSTANCE, _APP),
    Query: (*RESULT, _ENCRYPT_TYPE, Field("info", mandatory=False, kind=Kind.LIST, members=INSTANCE_INFO)),
    Refresh: RESULT,
    Expire: RESULT,
    SetStatus: RESULT,
    Release: RESULT,
    Upgrade: RESULT,
}
"""Members of answers with 000000."""
