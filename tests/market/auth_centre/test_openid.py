"""OpenID Connect, OrgID and the unified login page (openapi-jointkit B.3, B.10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from jwcrypto.jwt import JWT

from tests.factories.people import make_buyer
from tests.factories.signing_in import Joint, make_joint
from tests.market.auth_centre.browsing import (
    age_sign_ins,
    authorize,
    claims_of,
    code_of,
    location,
    redeem,
    refresh,
    sign_in,
    sign_in_for,
    token,
    tokens,
    userinfo,
)
from tradepost.market.applications.credential import renew_secret
from tradepost.market.applications.models import Authorisation
from tradepost.market.auth_centre.models import AccessToken, Jwk, SignInSession
from tradepost.market.base import clock

pytestmark = pytest.mark.django_db

SCOPES = "openid profile email phone"


@pytest.fixture(autouse=True)
def short_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of 3072 bits takes a second."""
    monkeypatch.setattr("tradepost.market.auth_centre.signing_keys.BITS", 2048)


def test_id_token_names_issuer_member_and_client() -> None:
    joint = make_joint(released=("email",))
    token_response = tokens(joint, scope=SCOPES, nonce="n-1")
    claims = claims_of(joint, token_response["id_token"])
    session = SignInSession.objects.get()
    issuer = f"http://127.0.0.1:8000{joint.home.rstrip('/')}"
    assert {**claims, "iat": 0, "exp": 0, "at_hash": ""} == {
        "iss": issuer, "aud": joint.client.client_id, "sub": joint.member.public_id, "nonce": "n-1", "name": "张三",
        "preferred_username": "zhang01", "email": "zhang@acme.example", "tenant": joint.enterprise.public_id,
        "auth_time": int(session.begun_at.timestamp()), "iat": 0, "exp": 0, "at_hash": "",
        "amr": ["pwd"],
    }  # fmt: skip
    assert userinfo(joint, token_response["access_token"]).json()["sub"] == joint.member.public_id


def test_refreshed_id_token_names_the_same_member() -> None:
    joint = make_joint()
    first = tokens(joint, scope="openid")
    second = claims_of(joint, refresh(joint, first["refresh_token"]).json()["id_token"])
    assert second["sub"] == joint.member.public_id
    assert "nonce" not in second


def test_no_id_token_without_the_openid_scope() -> None:
    joint = make_joint()
    token_response = tokens(joint)
    assert "id_token" not in token_response
    assert "sub" not in userinfo(joint, token_response["access_token"]).json()
    assert not Jwk.objects.exists()


def test_new_key_is_published_an_hour_before_use_and_the_old_one_until_its_tokens_end() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    before = tokens(joint, browser, scope="openid")["id_token"]
    Jwk.objects.update(signs_from=clock.wall() - timedelta(days=90))
    after = tokens(joint, browser, scope="openid")["id_token"]
    assert Jwk.objects.count() == 2
    assert JWT(jwt=after).token.jose_header["kid"] == JWT(jwt=before).token.jose_header["kid"]
    Jwk.objects.filter(signs_from__gt=clock.wall()).update(signs_from=clock.wall())
    rotated = tokens(joint, browser, scope="openid")["id_token"]
    assert JWT(jwt=rotated).token.jose_header["kid"] != JWT(jwt=before).token.jose_header["kid"]
    for one in (before, rotated):
        assert claims_of(joint, one)["sub"] == joint.member.public_id
    assert "PRIVATE" not in str(list(Jwk.objects.values()))


def test_discovery_document_is_complete() -> None:
    joint = make_joint()
    metadata = Browser().get(f"{joint.home}.well-known/openid-configuration").json()
    assert metadata["issuer"].endswith(joint.home.rstrip("/"))
    assert metadata["token_endpoint"] == f"{metadata['issuer']}/api/v1/oauth2/token"
    assert (metadata["code_challenge_methods_supported"], metadata["response_types_supported"]) == (["S256"], ["code"])


@pytest.mark.parametrize(
    ("parameters", "error"), [({"prompt": "none"}, "login_required"), ({"prompt": "none login"}, "invalid_request")]
)
def test_silent_request_without_a_sign_in_gets_an_error(parameters: dict[str, str], error: str) -> None:
    joint = make_joint()
    _address, query = location(authorize(Browser(), joint, scope="openid", **parameters))
    assert query["error"] == error


def test_silent_request_gets_its_error_without_a_page() -> None:
    """OpenID Connect Core §3.1.2.6."""
    joint = make_joint()
    browser = sign_in(joint)
    age_sign_ins(timedelta(minutes=5))
    silent = {"scope": "openid", "prompt": "none"}
    for extra_query, error in (({"max_age": "60"}, "login_required"), ({}, "access_denied")):
        if error == "access_denied":
            Authorisation.objects.update(wanted=False)
        address, query = location(authorize(browser, joint, **silent, **extra_query))
        assert (address, query["error"], query["state"]) == (joint.client.callback, error, "s-1")


@pytest.mark.parametrize("query", [{"prompt": "login"}, {"max_age": "60"}])
def test_application_may_require_a_new_sign_in(query: dict[str, str]) -> None:
    joint = make_joint()
    browser = sign_in(joint)
    age_sign_ins(timedelta(minutes=5))
    asked_again = authorize(browser, joint, scope="openid", **query)
    assert asked_again["Location"].startswith(f"{joint.home}sign-in/")
    assert "code" in location(sign_in_for(browser, asked_again))[1]


ORGID = "/orgid/openapi/v1/oauth2"


def test_orgid_accepts_multipart_and_finds_the_enterprise_by_the_client() -> None:
    """B.10."""
    joint = make_joint()
    form = {
        "grant_type": "authorization_code", "code": code_of(authorize(sign_in(joint), joint)), "access_type": "offline",
        "client_id": joint.client.client_id, "client_secret": joint.secret, "redirect_uri": joint.client.callback,
    }  # fmt: skip
    token_response = Browser().post(f"{ORGID}/token", form).json()
    assert token_response.keys() == {"access_token", "refresh_token", "scope", "token_type", "expires_in"}
    header = {"X-OrgID-Authorization": f"Bearer {token_response['access_token']}"}
    assert Browser().get(f"{ORGID}/userinfo", headers=header).json() == {
        "tenant": joint.enterprise.public_id, "name": "张三", "mobile": "138****0000", "user_name": "zhang01",
        "user_id": joint.member.public_id, "email": "", "role": "user",
    }  # fmt: skip
    AccessToken.objects.update(expires_at=clock.wall())
    expired = Browser().get(f"{ORGID}/userinfo", headers=header)
    assert (expired.status_code, expired.json()["error_code"]) == (401, "OrgID.OAUTH.4001")
    unknown = Browser().get(f"{ORGID}/userinfo", headers={"X-OrgID-Authorization": "Bearer x"})
    assert (unknown.status_code, unknown.json()["error_code"]) == (401, "OrgID.OAUTH.4000")


def test_client_at_the_main_host_redeems_only_its_own_codes() -> None:
    joint, other_joint = make_joint(), make_joint()
    code = code_of(authorize(sign_in(joint), joint))
    refused = token(
        other_joint,
        path=f"{ORGID}/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri=other_joint.client.callback,
    )
    assert refused.json() == {"error": "invalid_grant", "error_description": "Invalid authorization code"}
    assert redeem(joint, code).status_code == 200


def by_application(joint: Joint, secret: str, **form: str) -> Any:
    return token(joint, path=f"{ORGID}/token", client_id=joint.application.app_id, client_secret=secret, **form)


def test_application_redeems_codes_of_any_enterprise_by_id_and_secret() -> None:
    """§B.1: "application ID and secret are issued (used while obtaining the login token)". This works at the main host,
    where the code alone names the enterprise.

    An enterprise's own address accepts only its own client.
    """
    joint = make_joint()
    secret = renew_secret(joint.application)
    code = code_of(authorize(sign_in(joint), joint, scope="openid"))
    form = {"grant_type": "authorization_code", "redirect_uri": joint.client.callback}
    at_home = token(joint, client_id=joint.application.app_id, client_secret=secret, code=code, **form)
    assert at_home.json()["error"] == "invalid_client"
    token_response = by_application(joint, secret, code=code, **form).json()
    assert userinfo(joint, token_response["access_token"]).json()["tenant"] == joint.enterprise.public_id
    assert str(claims_of(joint, token_response["id_token"])["iss"]).endswith(joint.home.rstrip("/"))
    refreshed = by_application(joint, secret, grant_type="refresh_token", refresh_token=token_response["refresh_token"])
    assert userinfo(joint, refreshed.json()["access_token"]).status_code == 200


def test_application_cannot_use_foreign_codes_or_replaced_secrets() -> None:
    joint, other_joint = make_joint(), make_joint()
    former = renew_secret(joint.application)
    secret, other_secret = renew_secret(joint.application), renew_secret(other_joint.application)
    code = code_of(authorize(sign_in(joint), joint))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": joint.client.callback}
    for bad_secret in (former, other_secret, "", "x" * 600):
        assert by_application(joint, bad_secret, **form).json()["error"] == "invalid_client"
    foreign = by_application(other_joint, other_secret, **form)
    assert foreign.json() == {"error": "invalid_grant", "error_description": "Invalid authorization code"}
    for bad_token in ("nobody", ""):
        refused = by_application(other_joint, other_secret, grant_type="refresh_token", refresh_token=bad_token)
        assert refused.json()["error"] in {"invalid_grant", "invalid_request"}
    assert by_application(joint, secret, **form).status_code == 200


def test_unified_login_finds_the_enterprise_by_code_or_user_name() -> None:
    """B.3: it leads to the enterprise's sign-in, and then to the callback with code and tenant."""
    joint = make_joint(code="acme")
    answer: Any = None
    for typed in ("acme", " ACME", "zhang01@acme"):
        answer = Browser().get("/unified-login/", {"appId": joint.application.app_id, "tenant": typed})
        parts = urlsplit(answer["Location"])
        assert parts.path == "/t/acme/api/v1/oauth2/authorize"
        assert parse_qs(parts.query)["client_id"] == [joint.client.client_id]
        assert "state" not in parse_qs(parts.query)
    browser = sign_in(joint)
    _address, query = location(browser.get(answer["Location"]))
    assert query.keys() == {"code", "tenant", "iss"}


def test_unified_login_does_not_reveal_enterprises() -> None:
    joint, other_joint = make_joint(), make_joint(code="other")
    query = {"appId": joint.application.app_id}
    pages = [Browser().get("/unified-login/", query | {"tenant": code}) for code in ("other", "nowhere", "@")]
    assert [page.status_code for page in pages] == [422, 422, 422]
    assert other_joint.enterprise.name not in "".join(page.content.decode() for page in pages)
    assert Browser().get("/unified-login/", {"appId": "nobody"}).status_code == 200


def test_unified_login_without_an_application_leads_to_the_workbench() -> None:
    make_joint(code="acme")
    for parameters in ({}, {"appId": "nobody"}):
        assert (
            Browser().get("/unified-login/", parameters | {"tenant": "zhang01@acme"})["Location"].endswith("/t/acme/")
        )
        assert Browser().get("/unified-login/", parameters | {"tenant": "nowhere"}).status_code == 422


def test_signed_in_user_chooses_among_own_enterprises() -> None:
    buyer = make_buyer()
    joint = make_joint(founder=buyer)
    browser = Browser()
    browser.force_login(buyer)
    page = browser.get("/unified-login/", {"appId": joint.application.app_id}).content.decode()
    assert joint.enterprise.name in page
    assert (
        joint.enterprise.name
        not in Browser().get("/unified-login/", {"appId": joint.application.app_id}).content.decode()
    )
