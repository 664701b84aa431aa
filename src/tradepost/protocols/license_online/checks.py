"""Data for the tester of online Licenses: this folder's tables and their sections in the specification."""

from __future__ import annotations

from tradepost.protocols.commands import Create, GetLicenseAsync
from tradepost.protocols.specification import SignedIn, Specification

from .fields import ACTIVITIES, REQUESTS

SPECIFICATION = Specification(
    document="saas-v1-license",
    signed=SignedIn.URL,
    answer_within=5.0,
    # The documents sign no answer of this version. A signature that is present must be valid.
    body_sign=False,
    sections={
        "answer": "B3",
        "transport": "A9",
        "signature": "D2",
        "freshness": "D2",
        "body_sign": "A1.3",
        "test_flag": "B3",
        "codes": "B3",
        "once": "B3",
        **dict.fromkeys(ACTIVITIES.values(), "B3"),
    },
    requests=REQUESTS,
    pending=frozenset({Create, GetLicenseAsync}),
)
