"""Run as a program in an empty data folder: makes a market with one order of the demo seller and one of another, and
prints what a seller's client needs as JSON."""

from __future__ import annotations

import json
import sys


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from tests.market.open_api.asking import ADDRESS, Shop
    from tradepost.market import seed
    from tradepost.market.base import clock

    call_command("migrate", verbosity=0)
    shop = Shop(seed.load(clock.now(), seller_address=ADDRESS))
    params = (("emailDomainName", "lantian.example"),)
    own = shop.buy("qingxie-mail", quantity=15, periods=2, mode="year", extend_params=params)
    json.dump(
        {
            "access_key": shop.seeded.access_key,
            "secret_key": shop.seeded.secret_key,
            "own": own.number,
            "foreign": shop.buy("tangli-bi", quantity=5).number,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
