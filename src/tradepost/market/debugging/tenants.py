"""Refuse test calls that name a real enterprise.

Test calls have empty ``instanceId`` and ``orderId`` (openapi-jointkit §A.0) and ``testFlag`` 1 (§A.5). Saved calls are
replayed and probed twice a day; a server that ignores these fields would delete its customers' data.

Only the tenant id is checked, which the market assigns. Codes are chosen by founders of enterprises, who could
otherwise block others' cases. The seller's test enterprise is allowed (§B.1).
"""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.market.identity.models import Seller
from tradepost.market.organisations.models import Enterprise
from tradepost.protocols.text import Text

TENANT = "tenantId"
_MESSAGE = Text(
    en="This is the id of an enterprise of this market. A test call tells of none that is real: make one up, or take that of your "
    "test enterprise.",
    zh="该标识属于本商城的真实企业。测试请求不得涉及真实企业，请自拟一个标识，或使用您的测试企业。",
)


def real_tenant_errors(seller: Seller, values: Mapping[str, str]) -> dict[str, Text]:
    """Return messages by the path of each field that names a real enterprise."""
    tenant_id = values.get(TENANT, "")
    if not tenant_id or not Enterprise.objects.filter(public_id=tenant_id).exclude(test_seller=seller).exists():
        return {}
    return {TENANT: _MESSAGE}
