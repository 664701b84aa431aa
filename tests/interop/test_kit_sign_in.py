"""The seller's kit at the auth centre of a live market: both sides of openapi-jointkit B, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.interop.conftest import Market
from tests.interop.signing_in import follow_to_callback
from tests.kit.joint.directories import application, key_pair, person, secrets, tenant, users
from tests.kit.wire import real_now
from tradepost.kit.joint import JointLogin, JointSync, MemoryDirectory
from tradepost.kit.joint.replies import Reply
from tradepost.market.base.values import replace
from tradepost.protocols.client_secret import encrypt

pytestmark = pytest.mark.slow


@dataclass
class Seller:
    market: Market
    login: JointLogin
    tenant_id: str
    now: list[datetime]
    cookies: dict[str, str] = field(default_factory=dict)

    def take(self, reply: Reply) -> Reply:
        assert reply.problem is None, reply.problem
        self.cookies |= {cookie.name: cookie.value for cookie in reply.cookies}
        return reply

    def back_from(self, location: str) -> dict[str, str]:
        back = follow_to_callback(location, self.market.callback)
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    def finish(self, query: dict[str, str]) -> Reply:
        return self.take(self.login.finish(query, self.cookies))


@pytest.fixture
def seller(market: Market) -> Seller:
    asked = f"{market.auth_centre}/api/v1/oauth2/authorize?response_type=code&client_id={market.client_id}"
    [tenant_id] = parse_qs(urlsplit(follow_to_callback(asked, market.callback)).query)["tenant"]
    sync = JointSync(MemoryDirectory(), secrets())
    told = application(tenant_id=tenant_id, client_id=market.client_id)
    sync.apply(tenant(tenant_id=tenant_id, domain=market.auth_centre))
    sync.apply(replace(told, encrypted_secret=encrypt(market.client_secret, key_pair().public)))
    sync.apply(users(person(), tenant_id=tenant_id))
    now = [real_now()]
    login = JointLogin(
        directory=sync.directory, secrets=secrets(), app_id="a1", callback=market.callback, clock=lambda: now[0]
    )
    return Seller(market, login, tenant_id, now)


def test_person_signs_in_is_confirmed_and_signs_out(seller: Seller) -> None:
    """B.4, B.5 with PKCE, B.7; B.6 once the access token is over; B.8."""
    query = seller.back_from(seller.take(seller.login.begin(seller.tenant_id, "/reports")).location)
    assert set(query) == {"code", "state", "tenant", "iss"}
    assert seller.finish(query).location == "/reports"
    found = seller.login.who(seller.cookies)
    assert found is not None
    assert (found.user_name, found.tenant_id) == ("zhang01", seller.tenant_id)
    for _ in range(2):
        seller.now[0] += timedelta(hours=3)
        assert seller.login.who(seller.cookies) == found
    gone = seller.login.leave(seller.cookies)
    answered = requests.get(gone.location, allow_redirects=False, timeout=60)
    home = "://".join(urlsplit(seller.market.callback)[:2]) + "/"
    assert (answered.status_code, answered.headers["Location"]) == (302, home)
    assert seller.login.who(seller.cookies) is None


def test_code_without_state_is_not_used(seller: Seller) -> None:
    """B.3: the unified login page sends code and tenant."""
    asked = (
        f"{seller.market.auth_centre}/api/v1/oauth2/authorize?response_type=code&client_id={seller.market.client_id}"
    )
    query = {name: value for name, value in seller.back_from(asked).items() if name in {"code", "tenant"}}
    location = seller.finish(query).location
    assert location.startswith(f"{seller.market.auth_centre}/api/v1/oauth2/authorize?")
    assert seller.finish(seller.back_from(location)).location == "/"


def test_person_signs_in_by_cas(seller: Seller) -> None:
    """B.9."""
    seller.login = replace(seller.login, cas=True)
    query = seller.back_from(seller.take(seller.login.begin(seller.tenant_id)).location)
    assert seller.finish(query).location == "/"
    assert seller.login.who(seller.cookies) is not None
