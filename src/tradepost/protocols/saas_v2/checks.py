"""Data for the tester of SaaS 2.0: this folder's tables and their sections in the specification."""

from __future__ import annotations

from tradepost.protocols.commands import CheckChange, Create, Upgrade
from tradepost.protocols.specification import SignedIn, Specification

from .fields import REQUESTS, SUCCESSES

SPECIFICATION = Specification(
    document="saas-v2",
    signed=SignedIn.URL,
    answer_within=5.0,
    untimely_codes=("000002",),
    seconds_accepted=False,
    sections={
        "answer": "§3.0",
        "transport": "§1.2",
        "signature": "§2.3",
        "freshness": "§2.4",
        "body_sign": "§2.6",
        "test_flag": "§3.0",
        "codes": "§4",
        "once": "§3.1",
        "newInstance": "§3.1",
        "queryInstance": "§3.2",
        "refreshInstance": "§3.3",
        "updateInstanceStatus": "§3.4",
        "releaseInstance": "§3.5",
        "upgradeInstance": "§3.6",
        "changeInstanceCheck": "§3.7",
    },
    requests=REQUESTS,
    answers=SUCCESSES,
    optional=frozenset({Upgrade, CheckChange}),
    pending=frozenset({Create}),
)
