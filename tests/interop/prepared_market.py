"""Run as a program in an empty data folder: create a market with one order of the demo seller and one of another, a
service on demand, and an enterprise whose members sign in to an application. Prints what a seller's client needs as
JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta

EVENTS = 6
"""Applications for licenses, one for each test that delivers one."""


def main() -> None:
    import django

    django.setup()
    from tests.factories.demo import demo_on_sale
    from tests.factories.licenses import make_application
    from tests.factories.metering import make_metered
    from tests.factories.signing_in import make_joint
    from tests.market.open_api.asking import ADDRESS, Shop
    from tests.market.open_api.buyer_program import two_services, young_service
    from tests.migrated import migrate_here
    from tradepost.market.base import clock
    from tradepost.market.identity import keys
    from tradepost.market.identity.models import AccessKey

    migrate_here()
    shop = Shop(demo_on_sale(clock.now(), seller_address=ADDRESS))
    params = (("emailDomainName", "lantian.example"),)
    seller = AccessKey.objects.get(access_key=shop.seeded.access_key).seller
    metered = make_metered(seller=seller, instance_id="metered-1", started_at=clock.now() - timedelta(days=2))
    joint = make_joint(code="acme", released=("email",), now=clock.now())
    own = shop.buy("qingxie-mail", quantity=15, periods=2, mode="year", extend_params=params)
    programs = [young_service(), young_service(), two_services()]
    json.dump(
        {
            "programs": [
                {"ak": program.ak, "sk": program.sk, "service": str(held.pk), "product": held.offer.product_id}
                for program, held in programs
            ],
            "access_key": shop.seeded.access_key,
            "secret_key": shop.seeded.secret_key,
            "base_key": keys.signing_secrets(seller.pk, "base", now=clock.now())[0],
            "product_id": metered.offer.product_id,
            "tenant": joint.enterprise.code,
            "tenant_id": joint.enterprise.public_id,
            "client_id": joint.client.client_id,
            "client_secret": joint.secret,
            "callback": joint.client.callback,
            "own": own.number,
            "events": [make_application(seller, now=clock.now()).event_id for _ in range(EVENTS)],
            "foreign": shop.buy("tangli-bi", quantity=5).number,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
