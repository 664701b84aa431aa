"""Data for the tester of order notifications: this folder's tables and their sections in the specification."""

from __future__ import annotations

from tradepost.protocols.specification import SignedIn, Specification

from .fields import ACTIVITIES, REQUESTS

SPECIFICATION = Specification(
    document="saas-v1-license",
    signed=SignedIn.URL,
    # The documents sign no answer of this version. A signature that is present must be valid.
    body_sign=False,
    answer_within=5.0,
    sections={
        "answer": "D1",
        "transport": "A9",
        "signature": "D2",
        "freshness": "D2",
        "body_sign": "A1.3",
        "test_flag": "D1",
        "codes": "D1",
        "once": "D1",
        **dict.fromkeys(ACTIVITIES.values(), "D1"),
    },
    requests=REQUESTS,
)
