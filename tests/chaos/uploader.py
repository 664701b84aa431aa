"""Run as a program: give the first person of ``people`` a seller with an asset, and print the session as JSON."""

from __future__ import annotations

import json
import sys


def main() -> None:
    import django

    django.setup()
    from django.test import Client

    from tests.chaos.people import email
    from tradepost.market.assets.versions import create_asset
    from tradepost.market.base import clock
    from tradepost.market.identity.models import Member, Seller, User

    now = clock.now()
    user = User.objects.get(email=email(0))
    seller = Seller.objects.create(
        name="青榭软件",
        name_en="Qingxie Software",
        slug="qingxie",
        contact_email="service@qingxie.example",
        created_at=now,
    )
    Member.objects.create(seller=seller, user=user, role=Member.Role.OWNER, joined_at=now)
    asset = create_asset(seller, kind="file", name="Weather", by=user, now=now)
    client = Client()
    client.force_login(user)
    sys.stdout.write(json.dumps({"asset": asset.pk, "session": client.cookies["sessionid"].value}) + "\n")


if __name__ == "__main__":
    main()
