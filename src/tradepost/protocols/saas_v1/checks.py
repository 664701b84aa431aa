"""Data for the tester of SaaS 1.0: this folder's tables and their sections in the specification."""

from __future__ import annotations

from tradepost.protocols.commands import Create, Query, SetStatus, Upgrade
from tradepost.protocols.specification import SignedIn, Specification
from tradepost.protocols.wire_fields import Field, Kind

from .fields import REQUESTS, SUCCESSES

SPECIFICATION = Specification(
    document="saas-v1-license",
    signed=SignedIn.QUERY,
    sections={
        "answer": "A2",
        "transport": "A9",
        "signature": "A1.2",
        "freshness": "A1.2",
        "body_sign": "A1.3",
        "test_flag": "A2.1",
        "codes": "A3",
        "once": "A2.2",
        "newInstance": "A2.1",
        "queryInstance": "A2.8",
        "refreshInstance": "A2.3",
        "expireInstance": "A2.4",
        "instanceStatus": "A2.7",
        "releaseInstance": "A2.5",
        "upgrade": "A2.6",
    },
    requests=REQUESTS,
    answers=SUCCESSES,
    # Only for pay-per-use and packages, or for products with upgrades (saas-v1-license A4).
    optional=frozenset({Query, SetStatus, Upgrade}),
    encrypted=True,
    # Otherwise a buyer could not sign in; the platform's debugging page requires it (saas-v1-license A2.2, A9).
    asked_of_test_calls={
        Create: (Field("appInfo", kind=Kind.OBJECT, members=(Field("frontEndUrl", 512),)),),
    },
)
