"""What the tester asks of a seller who is told of orders, as data: the tables of this folder and the sections they come from."""

from __future__ import annotations

from tradepost.protocols.specification import SignedIn, Specification

from .fields import ACTIVITIES, REQUESTS

SPECIFICATION = Specification(
    document="saas-v1-license",
    signed=SignedIn.URL,
    # No answer of this version is documented to be signed; where a signature stands, it must hold.
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
