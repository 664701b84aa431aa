"""Issue 9: seller and operator came to the shop after signing in, and the bell led there."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_buyer, make_member, make_operator, make_seller
from tests.factories.people import PASSWORD
from tradepost.market.identity.menus import VIEWER

pytestmark = pytest.mark.django_db


def log_in(email: str, **more: str) -> str:
    answer = Client().post("/account/login/", {"login": email, "password": PASSWORD, **more})
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_users_start_on_their_own_site_unless_they_came_from_another_page() -> None:
    buyer, operator, member = make_buyer(balance="0"), make_operator(), make_buyer(balance="0")
    make_member(make_seller(), member, VIEWER)
    assert [log_in(user.email) for user in (buyer, operator, member)] == ["/", "/console/", "/seller/"]
    assert log_in(member.email, next="/orders/") == "/orders/"
    assert log_in(member.email, next="https://evil.example/") == "/seller/"


@pytest.mark.parametrize("site", ["seller", "console"])
def test_bell_and_brand_stay_in_the_site(site: str) -> None:
    person = make_operator()
    make_seller(member=person)
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    for path in (f"/{site}/", f"/{site}/notices/"):
        text = client.get(path).content.decode()
        assert f'href="/{site}/notices/"' in text
        assert f'class="tp-brand" href="/{site}/"' in text
        assert "Go to the store" in text
    assert client.post(f"/{site}/notices/read/").headers["Location"] == f"/{site}/notices/"
