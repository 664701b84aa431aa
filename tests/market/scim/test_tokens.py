"""Tokens of a directory, on the page of an enterprise's administrators."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import NOW
from tests.factories.organisations import make_admin, make_managed
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import directory_tokens
from tradepost.market.organisations.models import DirectoryToken, EnterpriseAct, Member

pytestmark = pytest.mark.django_db


def browser_of(member: Member) -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(member.user)
    return browser


def test_token_is_created_shown_once_and_revoked() -> None:
    admin = make_admin()
    browser, home = browser_of(admin), f"/enterprise/{admin.enterprise.code}"
    page = browser.post(f"{home}/settings/directory/", {"name": "Entra ID"}).content.decode()
    secret = next(iter(re.findall(r"tps_[0-9A-Za-z]{43}", page)))
    token = directory_tokens.find(secret)
    assert token is not None
    assert (token.name, token.enterprise, token.made_by_text) == ("Entra ID", admin.enterprise, "李雷")
    text = browser.get(f"{home}/settings/directory/").content.decode()
    assert secret not in text
    assert f"/t/{admin.enterprise.code}/scim/v2" in text
    assert browser.post(f"{home}/settings/directory/{token.pk}/revoke/").status_code == 302
    assert directory_tokens.find(secret) is None
    history = browser.get(f"{home}/history/").content.decode()
    assert "Created a directory token" in history
    assert "Revoked a directory token" in history
    assert browser.post(f"{home}/settings/directory/{token.pk}/revoke/").status_code == 404


def test_number_of_tokens_is_limited() -> None:
    admin = make_admin()
    for number in range(3):
        directory_tokens.create(admin.enterprise, f"D{number}", by=admin, most=3, now=NOW)
    page = browser_of(admin).post(f"/enterprise/{admin.enterprise.code}/settings/directory/", {"name": "D3"})
    assert page.status_code == 422
    assert "at most 3 tokens" in page.content.decode()
    assert DirectoryToken.objects.count() == 3
    assert EnterpriseAct.objects.filter(act="directory_token_made").count() == 3


def test_members_and_other_enterprises_cannot_create_or_revoke_tokens() -> None:
    admin, stranger = make_admin(), make_admin()
    member = make_managed(admin, "one").member
    token = directory_tokens.create(admin.enterprise, "D", by=admin, most=3, now=NOW).token
    for by in (member, stranger):
        with pytest.raises(Refused):
            directory_tokens.create(admin.enterprise, "X", by=by, most=3, now=NOW)
        with pytest.raises(Refused):
            directory_tokens.revoke(by.enterprise, token.pk, by=by, now=NOW)
    address = f"/enterprise/{stranger.enterprise.code}/settings/directory/{token.pk}/revoke/"
    assert browser_of(stranger).post(address).status_code == 404
    assert DirectoryToken.objects.count() == 1
