"""Data for the tester of License 1.0: this folder's tables and their section in the specification."""

from __future__ import annotations

from tradepost.protocols.commands import Expire
from tradepost.protocols.specification import SignedIn, Specification

from .fields import ACTIVITIES, REQUESTS, SUCCESSES

SPECIFICATION = Specification(
    document="saas-v1-license",
    signed=SignedIn.QUERY,
    sections={
        "answer": "B1",
        "transport": "A9",
        "signature": "A1.2",
        "freshness": "A1.2",
        "body_sign": "A1.3",
        "test_flag": "B1",
        "codes": "B1",
        "once": "B1",
        **dict.fromkeys(ACTIVITIES.values(), "B1"),
    },
    requests=REQUESTS,
    answers=SUCCESSES,
    # Its page is not available and the activity may not exist (saas-v1-license B1).
    optional=frozenset({Expire}),
)
