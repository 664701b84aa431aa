"""Joint products whose probes are followed: one address for the production interface, one for the calls of joint operation, both at
the same URL (openapi-jointkit §A.0)."""

from __future__ import annotations

from collections.abc import Collection

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.joint import make_application, make_kit_address, public_pem
from tests.market.probes.watching import Server, save_cases
from tradepost.market.applications.models import Application
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.required import required, sold_by
from tradepost.market.identity.models import Seller
from tradepost.market.production.claim import ClaimedCall
from tradepost.protocols.commands import CallResult, Done

KIT = ("tenantSync", "applicationSync", "authSync", "singleOrgSync", "allOrgSync")
"""openapi-jointkit §A.0: the five calls."""
SECRET = {"clientSecret": "a secret that is tried", "publicKey": public_pem()}
"""What is typed plainly and encrypted anew for each call (§A.6)."""
NAME = "青榭协同"


def joint_product(
    seller: Seller | None = None, *, base: str = "saas_v2", kit: str = "joint_kit_v2", save: Collection[str] = KIT
) -> Application:
    """On sale by the month and published with an application; its own cases are saved, and those named of the kit."""
    seller = seller or make_seller(member=make_buyer(balance="0"))
    product = make_product(seller, address=make_address(seller, protocol=base))
    address = product.binding.address
    for one in required(base, sold_by(["PERIOD"])).cases:
        save_cases(address, one.case.activity, variant=one.case.variant)
    told = make_kit_address(seller, spoken=kit, url=address.url)
    for activity in save:
        save_cases(told, activity, typed=SECRET if activity == "applicationSync" else {})
    return make_application(seller, address=told, product=product, name=NAME)


def product_of(application: Application) -> Product:
    return Product.objects.get(application=application)


def breaking(result: CallResult, *activities: str) -> Server:
    """A server that answers these calls so, and all else well."""

    def server(call: ClaimedCall, _now: object) -> CallResult:
        return result if call.activity in activities else Done()

    return server
