"""Data for the tester of the joint-operation kit 1.0: this folder's tables and their sections in the specification."""

from __future__ import annotations

from tradepost.protocols.specification import SignedIn, Specification

from .fields import REQUESTS

SPECIFICATION = Specification(
    document="openapi-jointkit",
    signed=SignedIn.TOKEN_HEADER,
    sections={
        "answer": "§A.4",
        "transport": "§A.0",
        "signature": "§A.3",
        "freshness": "§A.3",
        "body_sign": "§A.3",
        "test_flag": "§A.10",
        "codes": "§A.4",
        "tenantSync": "§A.5",
        "applicationSync": "§A.6",
        "authSync": "§A.7",
        "singleOrgSync": "§A.8",
        "allOrgSync": "§A.9",
    },
    requests=REQUESTS,
)
