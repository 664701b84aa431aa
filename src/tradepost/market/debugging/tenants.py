"""A test call tells of no real enterprise (openapi-jointkit §A.0: while an interface is debugged, ``instanceId`` and ``orderId`` are
empty; §A.5: ``testFlag`` 1 is debug data). What is typed is saved, replayed and probed twice a day, and a server that looks at
neither would forget its own customers with a call that deletes.

The id decides, which the market makes: a code is chosen by whoever founds an enterprise, who would stop others' cases with it. The
seller's test enterprise (§B.1) is there to be tried with.
"""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.market.identity.models import Seller
from tradepost.market.organisations.models import Enterprise
from tradepost.protocols.text import Text

TENANT = "tenantId"
_WORDS = Text(
    en="This is the id of an enterprise of this market. A test call tells of none that is real: make one up, or take that of your "
    "test enterprise.",
    zh="该标识属于本商城的真实企业。测试请求不得涉及真实企业，请自拟一个标识，或使用您的测试企业。",
)


def real_tenants(seller: Seller, values: Mapping[str, str]) -> dict[str, Text]:
    """Words by the path of the field that names one; empty for what may be asked."""
    typed = values.get(TENANT, "")
    if not typed or not Enterprise.objects.filter(public_id=typed).exclude(test_seller=seller).exists():
        return {}
    return {TENANT: _WORDS}
