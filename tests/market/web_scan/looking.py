"""One run of the web check without a database, against a site of this machine."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from tests.architecture.source import ROOT
from tests.factories.tls_sites import authority
from tradepost.market.base.outbound_policy import SANDBOX, OutboundPolicy
from tradepost.market.web_scan.registry import all_checks, faults
from tradepost.market.web_scan.scan import run_checks
from tradepost.market.web_scan.site import Budget, Site

SSLYZE = ROOT / ".cache/sslyze/bin/sslyze"
QUICK = Budget(pause=0, seconds=20)


def check_site(
    url: str,
    *,
    outbound: OutboundPolicy = SANDBOX,
    only: str = "",
    budget: Budget = QUICK,
    sslyze: str = "",
    trust: ssl.SSLContext | None = None,
) -> Mapping[str, Any]:
    """``only``: the code of one check."""
    site = Site(url=url, outbound=outbound, budget=budget, trust=trust or authority().trust, sslyze=sslyze)
    checks = [check for check in all_checks() if check.code == only or not only]
    return run_checks(site, checks, lambda *_: None)


def codes(result: Mapping[str, Any], severity: str = "") -> set[str]:
    return {
        finding["code"] for finding in result["found"] if not severity or faults()[finding["code"]].severity == severity
    }


def untested(result: Mapping[str, Any]) -> dict[str, str]:
    return {topic["check"]: topic["why"] for topic in result["not_tested"]}
