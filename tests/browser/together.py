"""A chapter of history.py: a product with joint operation on sale, served by the sample of joint operation at the given
address.
"""

from __future__ import annotations

APP_ID = "app-of-a-browser"
SLUG = "qingxie-together"


def together(seller_url: str) -> dict[str, str]:
    """Create it as after its seller debugged the calls, applied for the credential and published the product."""
    from django.db import transaction

    from tests.factories.demo import put_on_sale
    from tests.factories.joint import make_application, make_kit_address
    from tests.factories.people import make_address
    from tradepost.market.applications import publication
    from tradepost.market.base import clock
    from tradepost.market.base.values import replace
    from tradepost.market.catalog.document import APPLICATION
    from tradepost.market.catalog.listing import draft_product
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.production import addresses
    from tradepost.market.seed.joint_data import joint
    from tradepost.market.seed.people import OWNER, sellers

    now, seller, said = clock.now(), Seller.objects.get(slug="qingxie"), joint().product
    with transaction.atomic():
        make_application(
            seller, address=make_kit_address(seller, url=f"{seller_url}/produce", now=now), app_id=APP_ID, name="青榭共事看板",
            callback=f"{seller_url}/signin/callback", login_url=f"{seller_url}/signin", asked_fields=["position"], now=now,
        )  # fmt: skip
        document = said.document(next(one for one in sellers() if one.slug == said.seller), proof="")
        fields = {**document.details.fields, APPLICATION: APP_ID}
        document = replace(document, details=replace(document.details, fields=fields))
        owner = User.objects.get(email=OWNER.email)
        product = draft_product(seller, document, by=owner, slug=SLUG, now=now)
        addresses.bind(product, make_address(seller, protocol="saas_v2", url=f"{seller_url}/produce", now=now))
        put_on_sale(SLUG, now)
        publication.attach_application(product, document)
    return {"joint product": SLUG}
