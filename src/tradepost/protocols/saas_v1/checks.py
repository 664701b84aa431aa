"""What the tester asks of a SaaS 1.0 seller, as data: the tables of this folder and the sections they come from."""

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
    # For pay-per-use and packages alone, or for products that can be upgraded (saas-v1-license A4).
    optional=frozenset({Query, SetStatus, Upgrade}),
    encrypted=True,
    # A buyer could not enter otherwise: the debugging page of the platform asks for it (saas-v1-license A2.2, A9).
    asked_of_test_calls={
        Create: (Field("appInfo", kind=Kind.OBJECT, members=(Field("frontEndUrl", 512),)),),
    },
)
