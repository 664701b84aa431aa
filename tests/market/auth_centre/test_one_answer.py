"""A requested sign-in answers one request, even when two arrive at the same moment (CAS 3.0 §2.1.1; Core §3.1.2.1)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from tests.factories.people import PASSWORD
from tests.factories.signing_in import Joint, make_joint
from tests.market.auth_centre.browsing import authorize, location
from tradepost.market.auth_centre import authorize_page, cas_pages
from tradepost.market.auth_centre.models import AuthorizationCode, ServiceTicket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of 3072 bits takes a second."""
    monkeypatch.setattr("tradepost.market.auth_centre.signing_keys.BITS", 2048)


def by_cas(browser: Browser, joint: Joint) -> Any:
    return browser.get(f"{joint.home}cas/login", {"service": joint.client.callback, "renew": "true"})


def by_openid(browser: Browser, joint: Joint) -> Any:
    return authorize(browser, joint, scope="openid", prompt="login")


def signed_in_for(sign_in_page: Any) -> tuple[Browser, str]:
    """Return a browser whose owner typed the password for a request that is not repeated yet."""
    browser = Browser()
    signed_in = browser.post(sign_in_page["Location"], {"name": "zhang01", "password": PASSWORD})
    return browser, signed_in["Location"]


@pytest.mark.parametrize(("ask", "page"), [(by_cas, cas_pages), (by_openid, authorize_page)])
def test_one_of_two_simultaneous_requests_is_answered(monkeypatch: pytest.MonkeyPatch, ask: Any, page: Any) -> None:
    joint = make_joint()
    browser, following = signed_in_for(ask(Browser(), joint))
    original_access = page.access
    between: list[Any] = []

    def meanwhile(*args: Any) -> Any:
        """The second request runs after the first one has found the sign-in good."""
        if not between:
            between.append(None)
            between.append(browser.get(following))
        return original_access(*args)

    monkeypatch.setattr(page, "access", meanwhile)
    first = browser.get(following)
    assert {"ticket", "code"} & set(location(between[1])[1])
    assert first["Location"].startswith(f"{joint.home}sign-in/")
    assert ServiceTicket.objects.count() + AuthorizationCode.objects.count() == 1


def test_head_request_does_not_use_the_sign_in() -> None:
    joint = make_joint()
    browser, following = signed_in_for(by_cas(Browser(), joint))
    assert browser.head(following).status_code == 405
    assert not ServiceTicket.objects.exists()
    assert "ticket" in location(browser.get(following))[1]
