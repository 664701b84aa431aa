"""An application from its binding to the withdrawal of a person: market, worker, auth centre, and the sample seller on
the kit as a process (openapi-jointkit §A, §B).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import make_buyer, make_seller
from tests.factories.joint import (
    KIT_KEY,
    make_application,
    make_binding,
    make_joint_service,
    make_kit_address,
    private_pem,
    sync_rules,
)
from tests.factories.organisations import make_admin
from tests.factories.signing_in import make_member_with_password
from tests.interop.signing_in import follow_to_callback
from tests.kit.joint.sample import sample
from tests.kit.joint.visitor import Visitor
from tests.market.working import working
from tests.waiting import until
from tradepost.market.applications import authorise
from tradepost.market.applications.models import Authorisation, TenantBinding
from tradepost.market.base import clock
from tradepost.market.base.config import config

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
APP = "app-of-a-journey"


@pytest.fixture
def market(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the market at its public address: enterprises sign in below it."""
    monkeypatch.setenv("TRADEPOST_PUBLIC_URL", live_server.url)
    config.cache_clear()
    yield str(live_server.url)
    monkeypatch.undo()
    config.cache_clear()


def test_application_is_bound_authorised_signed_in_to_and_withdrawn(market: str, tmp_path: Path) -> None:
    now = clock.now()
    buyer = make_buyer(balance="1000", now=now)
    admin = make_admin(buyer, now=now)
    member = make_member_with_password(admin, now=now)
    settings = {"SELLER_KIT_KEY": KIT_KEY, "SELLER_APP_ID": APP, "SELLER_PRIVATE_KEY": private_pem()}
    with sample(tmp_path, **settings) as url, working():
        callback = f"{url}/signin/callback"
        seller = make_seller(now=now)
        application = make_application(
            seller, address=make_kit_address(seller, url=f"{url}/produce", now=now), app_id=APP, callback=callback,
            login_url=f"{url}/signin", now=now,
        )  # fmt: skip
        service = make_joint_service(buyer=buyer, application=application, now=now)
        binding = make_binding(service, admin.enterprise, now=now)
        bound = TenantBinding.objects.filter(pk=binding.pk, status="bound")
        until(bound.exists, what="tenantSync, applicationSync and allOrgSync are acknowledged")

        authorise.authorise(binding, [member.pk], admin=True, rules=sync_rules(), now=now)
        told = Authorisation.objects.filter(binding=binding, member=member)
        until(told.filter(acked_version__gt=0).exists, what="authSync is acknowledged")
        browser = Visitor(url)
        status, location, _ = browser.go(f"{url}/signin?tenant={admin.enterprise.public_id}&next=%2F")
        assert status == 303
        assert location.startswith(f"{market}/t/{admin.enterprise.code}/api/v1/oauth2/authorize?")
        status, _, page = browser.follow(follow_to_callback(location, callback))
        assert status == 200
        assert "<h1>张三</h1>" in page
        assert f"<dd>zhang01@{admin.enterprise.code}</dd>" in page
        assert "<dd>administrator</dd>" in page

        authorise.withdraw(binding, [member.pk], rules=sync_rules(), now=now)
        until(lambda: browser.go(f"{url}/")[0] == 303, what="the session at the seller is over")
