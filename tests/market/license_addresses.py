"""Addresses of sellers and operators for licenses: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import A_TRADE, CHANGERS, OPERATOR, OWNER, SELLERS, TRADE, Address, pages

OF_LICENSES = {
    "console/licenses/": pages(frozenset({OPERATOR})),
    "console/licenses/requests/": pages(frozenset({OPERATOR})),
    "seller/licenses/": pages(TRADE),
    "seller/licenses/requests/": pages(TRADE),
    "seller/licenses/<int:pk>/": pages(A_TRADE, pk="{license_code}"),
    "seller/road/": pages(TRADE),
    "seller/road/retrofit/": Address(get=SELLERS, post=CHANGERS, data={"says.https": "met"}),
    "seller/road/apis/": pages(SELLERS),
    "seller/licenses/tests/": Address(get=SELLERS, post=frozenset({OWNER}), data={"product": "{coded_product}"}),
}
APIS_OF_LICENSES = {
    "api/mkp-openapi-public/global/v1/license/activate": Address(gateway=True),
    "api/mkp-openapi-public/global/v1/license/heartbeat": Address(gateway=True),
    "api/mkp-openapi-public/global/v2/license/activate": Address(gateway=True),
    "api/mkp-openapi-public/global/v2/license/heartbeat": Address(gateway=True),
    "api/mkp-openapi-public/global/v2/license/software-usage-info": Address(gateway=True),
    "api/mkp-openapi-public/global/v2/": Address(gateway=True),
    "api/mkp-openapi-public/global/v2/<path:rest>": Address({"rest": "license"}, gateway=True),
    "api/mkp-openapi-public/v1/asset/deployed-object": Address(gateway=True),
}
