"""Joint products with probes: one address for the production interface and one for the calls of joint operation, both
at the same URL (openapi-jointkit §A.0).
"""

from __future__ import annotations

from collections.abc import Collection

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.joint import make_application, make_kit_address, public_pem
from tests.market.probes.watching import Server, save_cases
from tradepost.market.applications.models import Application
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.required import product_with_modes, required
from tradepost.market.identity.models import Seller
from tradepost.market.production.claim import ClaimedCall
from tradepost.protocols.commands import CallResult, Done

KIT = ("tenantSync", "applicationSync", "authSync", "singleOrgSync", "allOrgSync")
"""openapi-jointkit §A.0: the five calls."""
SECRET = {"clientSecret": "a secret that is tried", "publicKey": public_pem()}
"""Entered in plain text and encrypted for each call (§A.6)."""
NAME = "青榭协同"


def joint_product(
    seller: Seller | None = None, *, base: str = "saas_v2", kit: str = "joint_kit_v2", save: Collection[str] = KIT
) -> Application:
    """Make a monthly product on sale that was published with an application. Its own cases and the named cases of the
    kit are saved.
    """
    seller = seller or make_seller(member=make_buyer(balance="0"))
    product = make_product(seller, address=make_address(seller, protocol=base))
    address = product.binding.address
    for case in required(base, product_with_modes(["PERIOD"])).cases:
        save_cases(address, case.case.activity, variant=case.case.variant)
    notices = make_kit_address(seller, spoken=kit, url=address.url)
    for activity in save:
        save_cases(notices, activity, typed=SECRET if activity == "applicationSync" else {})
    return make_application(seller, address=notices, product=product, name=NAME)


def product_of(application: Application) -> Product:
    return Product.objects.get(application=application)


def breaking(result: CallResult, *activities: str) -> Server:
    """Return a server that gives these responses to the calls of the kit and succeeds otherwise."""

    def server(call: ClaimedCall, _now: object) -> CallResult:
        return result if call.activity in activities else Done()

    return server
