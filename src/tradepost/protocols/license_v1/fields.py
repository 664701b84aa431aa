"""Field tables of License 1.0, as data (saas-v1-license B1): limits for both ends, and the fields that the tester
violates."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.commands import Command, Create, Expire, Refresh, Release
from tradepost.protocols.wire_fields import Field, Kind

ACTIVITIES: Mapping[type[Command], str] = {
    Create: "getLicense",
    Refresh: "refreshLicense",
    # Its page is not available. The name follows the others, and a fragment says that it exists (saas-v1-license B1).
    Expire: "expireLicense",
    Release: "releaseLicense",
}

INSTANCE_ID_LENGTH = 64

_ACTIVITY = Field("activity", 20)
_INSTANCE = Field("instanceId", INSTANCE_ID_LENGTH)
_ORDER = Field("orderId", 64)
# Not in the tables, but sent in practice (saas-v1-license B1).
_TEST_FLAG = Field("testFlag", 2, mandatory=False, values=("0", "1"))
_PERIOD = (
    Field("periodType", 10, mandatory=False, values=("year", "month", "day")),
    Field("periodNumber", 5, mandatory=False, kind=Kind.INTEGER),
)

REQUESTS: Mapping[type[Command], tuple[Field, ...]] = {
    Create: (
        _ACTIVITY,
        Field("customerId", 100),
        Field("customerName", 64, mandatory=False),
        Field("userId", 64, mandatory=False),
        Field("userName", 64, mandatory=False),
        Field("businessId", 64),
        _ORDER,
        Field("skuCode", 64, mandatory=False),
        Field("productId", 64),
        Field("expireTime", 20, mandatory=False),
        *_PERIOD,
        # The lengths of these three are not legible in the documents; these are SaaS 1.0's (saas-v1-license G).
        Field("amount", 7, mandatory=False, kind=Kind.INTEGER),
        Field("chargingMode", 3, mandatory=False, kind=Kind.INTEGER),
        Field("saasExtendParams", 2048, mandatory=False),
        Field("provisionType", 2, mandatory=False, kind=Kind.INTEGER),
        _TEST_FLAG,
    ),
    Refresh: (
        _ACTIVITY,
        _ORDER,
        _INSTANCE,
        Field("productId", 64, mandatory=False),
        Field("expireTime", 20),
        *_PERIOD,
        _TEST_FLAG,
    ),
    # Sellers may receive it without an order, as in SaaS 1.0 (saas-v1-license G).
    Expire: (_ACTIVITY, Field("orderId", 64, mandatory=False), _INSTANCE, _TEST_FLAG),
    Release: (_ACTIVITY, Field("orderId", 64, mandatory=False), _INSTANCE, _TEST_FLAG),
}

RESULT = (Field("resultCode", 6), Field("resultMsg", 255, mandatory=False))
"""Members of every answer (saas-v1-license B1)."""

SUCCESSES: Mapping[type[Command], tuple[Field, ...]] = {
    # The documents print no length for the license; the reader limits the size of the whole answer.
    Create: (*RESULT, _INSTANCE, Field("license", secret=True)),
    Refresh: RESULT,
    Expire: RESULT,
    Release: RESULT,
}
"""Members of answers with 000000."""
