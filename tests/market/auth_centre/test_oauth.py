"""Sign-in by OAuth 2.0 for sellers on the kit (openapi-jointkit B.2–B.8)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from tests.factories.signing_in import make_joint
from tests.market.auth_centre.browsing import authorize, location, redeem, refresh, sign_in, tokens, userinfo

pytestmark = pytest.mark.django_db


def test_sign_in_is_asked_first_and_leads_to_the_callback() -> None:
    """B.2, B.4: the callback has code, state, tenant, and the issuer (RFC 9207)."""
    joint = make_joint()
    browser = Browser()
    first = authorize(browser, joint)
    assert first.status_code == 302
    assert first["Location"].startswith(f"{joint.home}sign-in/?next=")
    answer = browser.post(first["Location"], {"name": "zhang01", "password": "correct horse battery"})
    assert answer.status_code == 302
    back = browser.get(answer["Location"])
    address, query = location(back)
    assert address == joint.client.callback
    assert query.keys() == {"code", "state", "tenant", "iss"}
    assert (query["state"], query["tenant"]) == ("s-1", joint.enterprise.public_id)
    assert query["iss"].endswith(joint.home.rstrip("/"))


def test_tokens_and_userinfo() -> None:
    """B.5, B.7: the body as documented. Unless released, the mobile number is masked and the address is left out."""
    joint = make_joint()
    token_response = tokens(joint)
    assert {**token_response, "access_token": "", "refresh_token": ""} == {
        "access_token": "", "refresh_token": "", "token_type": "Bearer", "expires_in": 7200, "scope": "get_user_info",
    }  # fmt: skip
    answer = userinfo(joint, token_response["access_token"])
    person = joint.member.public_id
    assert answer.json() == {
        "id": person, "uid": person, "userId": person, "userName": "zhang01", "name": "张三", "email": "",
        "mobile": "138****0000", "role": "user", "organizationName": joint.member.department.name,
        "organizationCode": "HQ", "projectName": joint.enterprise.name, "tenant": joint.enterprise.public_id,
    }  # fmt: skip


def test_released_fields_are_in_userinfo() -> None:
    """B.7."""
    joint = make_joint(released=("email", "mobile"))
    userinfo_response = userinfo(joint, tokens(joint)["access_token"]).json()
    assert (userinfo_response["email"], userinfo_response["mobile"]) == ("zhang@acme.example", "13800000000")


def test_refresh_token_gives_the_next_one() -> None:
    """B.6: same URL, same body."""
    joint = make_joint()
    first = tokens(joint)
    second = refresh(joint, first["refresh_token"]).json()
    assert second.keys() == first.keys()
    assert second["refresh_token"] != first["refresh_token"]
    assert userinfo(joint, second["access_token"]).status_code == 200


@pytest.mark.parametrize("redirect_uri", ["", "http://127.0.0.1:9/callback"])
def test_callback_may_be_omitted_at_the_token_endpoint(redirect_uri: str) -> None:
    """E.8: optional in one version."""
    joint = make_joint()
    code = location(authorize(sign_in(joint), joint))[1]["code"]
    assert redeem(joint, code, redirect_uri=redirect_uri).status_code == 200


def test_userinfo_needs_a_token() -> None:
    """The message is that of B.7."""
    joint = make_joint()
    for token in ("", "x" * 43, "x" * 600):
        answer = userinfo(joint, token)
        assert answer.status_code == 401
        assert answer.json() == {
            "error": "unauthorized", "error_description": "Full authentication is required to access this resource",
        }  # fmt: skip
