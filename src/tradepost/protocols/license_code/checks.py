"""Data for the tester of authorization-code Licenses: this folder's tables and their sections in the specification."""

from __future__ import annotations

from tradepost.protocols.specification import SignedIn, Specification

from .fields import ACTIVITIES, REQUESTS

SPECIFICATION = Specification(
    document="saas-v1-license",
    signed=SignedIn.URL,
    # The documents sign no answer of this version. A signature that is present must be valid.
    body_sign=False,
    sections={
        "answer": "B2.2",
        "transport": "A9",
        "signature": "D2",
        "freshness": "D2",
        "body_sign": "A1.3",
        "test_flag": "B2.2",
        "codes": "B2.2",
        "once": "B2.2",
        **dict.fromkeys(ACTIVITIES.values(), "B2.2"),
    },
    requests=REQUESTS,
    # All three are optional (saas-v1-license B2.2).
    optional=frozenset(ACTIVITIES),
)
