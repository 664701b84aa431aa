"""What the tester asks of a seller of authorization-code Licenses, as data: the tables of this folder and the sections they come from."""

from __future__ import annotations

from tradepost.protocols.specification import SignedIn, Specification

from .fields import ACTIVITIES, REQUESTS

SPECIFICATION = Specification(
    document="saas-v1-license",
    signed=SignedIn.URL,
    # No answer of this version is documented to be signed; where a signature stands, it must hold.
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
