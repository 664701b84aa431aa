"""The HTTP session of Huawei Cloud's SDK.

Why: every connection goes through the outbound policy and trusts the operator's authorities. The SDK offers no way to its session,
and passes ``_verify`` with each request.

Written against huaweicloudsdkcore 3.1.
"""

from __future__ import annotations

from typing import Any

from tradepost.market.base.guarded_pools import guard
from tradepost.market.base.outbound_policy import OutboundPolicy


def guard_client(client: Any, outbound: OutboundPolicy) -> None:
    """Make a client of the SDK call only what the policy permits."""
    http = client.get_http_client()
    guard(http._session, outbound)  # noqa: SLF001
    http._verify = http._session.verify  # noqa: SLF001
