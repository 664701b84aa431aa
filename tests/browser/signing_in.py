"""A chapter of history.py: two applications of the enterprise. Its administrator may use one, and signed in to it from
elsewhere.
"""

from __future__ import annotations


def sign_in(_seller_url: str) -> dict[str, str]:
    from datetime import timedelta

    from tests.factories.joint import make_application
    from tests.factories.second_step import turn_on
    from tests.factories.signing_in import authorise, make_bound, make_member_with_password
    from tradepost.market.applications.models import Client
    from tradepost.market.auth_centre import sessions
    from tradepost.market.auth_centre.models import Grant, SignInSession
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.identity.models import Seller
    from tradepost.market.organisations.models import Member

    now, wall = clock.now(), clock.wall()
    admin = Member.objects.select_related("enterprise", "user").filter(enterprise__code="lantian", role="admin")[0]
    seller = Seller.objects.get(slug="qingxie")
    shown, other = (
        make_application(seller, callback=f"{config().base_url}/compare/?{name}", now=now) for name in ("oa", "bi")
    )
    authorise(make_bound(admin, shown, released=("email", "mobile"), now=now), admin, admin=True, now=now)
    make_bound(admin, other, now=now)
    client = Client.objects.get(application=shown)
    session, _secret = sessions.begin(
        admin, way=SignInSession.Way.PASSWORD, network="203.0.113.7", life=timedelta(hours=12), now=wall,
        agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50",
    )  # fmt: skip
    Grant.objects.create(
        session=session, client=client, member=admin, scope="get_user_info", begun_at=wall, used_at=wall,
        expires_at=wall + timedelta(days=30),
    )  # fmt: skip
    turn_on(make_member_with_password(admin, "zhao.two", password="a telephone beside it", now=now).user)
    return {
        "client": client.client_id, "app id": shown.app_id, "other client": Client.objects.get(application=other).client_id,
    }  # fmt: skip
