"""Requests of OpenID Connect clients: Core 1.0 §3.1.2, RP-Initiated Logout 1.0, RFC 6749 §3, RFC 6750 §3."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client as Browser

from tests.factories.people import PASSWORD, make_buyer
from tests.factories.signing_in import Joint, authorise, make_joint, make_member_with_password
from tests.market.auth_centre.browsing import (
    age_sign_ins,
    authorize,
    claims_of,
    location,
    redeem,
    sign_in,
    sign_in_for,
    token,
    tokens,
    userinfo,
)
from tradepost.market.auth_centre.models import AuthorizationCode, Consent, Jwk, SignInSession
from tradepost.market.base import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of 3072 bits takes a second."""
    monkeypatch.setattr("tradepost.market.auth_centre.signing_keys.BITS", 2048)


def asks_to_sign_in(joint: Joint, answer: Any) -> bool:
    return bool(answer["Location"].startswith(f"{joint.home}sign-in/"))


def error_of(answer: Any) -> str:
    return location(answer)[1].get("error", "")


@pytest.mark.parametrize(
    "parameters", [{"max_age": "0"}, {"prompt": "login"}, {"prompt": "select_account"}, {"prompt": "login consent"}]
)
def test_fresh_sign_in_is_asked_once_and_answers_one_request(parameters: dict[str, str]) -> None:
    """Core §3.1.2.1: ``max_age=0`` means the same as ``prompt=login``."""
    joint = make_joint()
    browser = sign_in(joint)
    for _ in range(2):
        second = authorize(browser, joint, scope="openid", **parameters)
        assert asks_to_sign_in(joint, second)
        answer = sign_in_for(browser, second)
        if "consent" in parameters.get("prompt", ""):
            assert answer.status_code == 200
            answer = browser.post(answer.wsgi_request.get_full_path(), {"agree": "yes"})
        token_response = redeem(joint, location(answer)[1]["code"]).json()
        auth_time = claims_of(joint, token_response["id_token"])["auth_time"]
        assert auth_time == int(SignInSession.objects.latest("pk").begun_at.timestamp())
    assert asks_to_sign_in(joint, authorize(browser, joint, scope="openid", **parameters))
    assert error_of(authorize(browser, joint, scope="openid", prompt="none", max_age="0")) == "login_required"


def test_recent_sign_in_satisfies_max_age() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    age_sign_ins(timedelta(hours=2))
    assert "code" in location(authorize(browser, joint, scope="openid", max_age="10800"))[1]
    assert asks_to_sign_in(joint, authorize(browser, joint, scope="openid", max_age="7199"))


@pytest.mark.parametrize("max_age", ["-1", "soon", "1.5", "9" * 30])
def test_invalid_max_age_is_refused(max_age: str) -> None:
    """Core §3.1.2.1: otherwise an application would take an old sign-in for a fresh one."""
    joint = make_joint()
    assert error_of(authorize(sign_in(joint), joint, scope="openid", max_age=max_age)) == "invalid_request"
    assert not AuthorizationCode.objects.exists()


def test_auth_time_is_that_of_the_password_at_the_market() -> None:
    """Core §2: ``auth_time`` is "time when the End-User authentication occurred", not that of the click."""
    buyer = make_buyer()
    joint = make_joint(founder=buyer)
    authorise(joint.binding, joint.admin)
    browser = Browser()
    browser.post("/account/login/", {"login": buyer.email, "password": PASSWORD})
    assert "_auth_user_id" in browser.session
    hour_ago = int(clock.wall().timestamp()) - 3600
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": hour_ago}]
    session.save()
    sign_in_page = authorize(browser, joint, scope="openid", max_age="60")
    assert "sign-in/account/" not in browser.get(sign_in_page["Location"]).content.decode()
    sign_in_page = authorize(browser, joint, scope="openid", max_age="7200")
    following = parse_qs(urlsplit(sign_in_page["Location"]).query)["next"][0]
    response = browser.post(f"{joint.home}sign-in/account/", {"next": following})
    token_response = redeem(joint, location(browser.get(response["Location"]))[1]["code"]).json()
    assert claims_of(joint, token_response["id_token"])["auth_time"] == hour_ago


def test_request_may_be_a_form() -> None:
    """Core §3.1.2.1: "MUST support the use of the HTTP GET and POST methods". Browsers send no cookie with a cross-site
    form, so it is repeated as a GET.

    Only the answer to the consent page needs a form token.
    """
    joint = make_joint()
    browser = Browser(enforce_csrf_checks=True)
    address = f"{joint.home}api/v1/oauth2/authorize"
    form = {"response_type": "code", "client_id": joint.client.client_id, "state": "a b&c", "scope": "openid"}
    redirect = browser.post(address, form)
    assert (redirect.status_code, urlsplit(redirect["Location"]).path) == (303, address)
    assert parse_qs(urlsplit(redirect["Location"]).query) == {name: [value] for name, value in form.items()}
    signed_in = sign_in(joint)
    assert location(signed_in.get(redirect["Location"]))[1]["state"] == "a b&c"
    assert signed_in.post(address, {"client_id": "x" * 9000}).status_code == 400
    browser.cookies = signed_in.cookies
    forged = browser.post(f"{address}?{urlencode(form)}&prompt=consent", {"agree": "yes"})
    assert (forged.status_code, Consent.objects.exists()) == (403, False)


def hint_for(joint: Joint, browser: Browser) -> str:
    return str(tokens(joint, browser, scope="openid")["id_token"])


def second_member(joint: Joint) -> Browser:
    other_member = make_member_with_password(joint.admin, "wang02")
    authorise(joint.binding, other_member)
    return sign_in(joint, "wang02")


def test_id_token_hint_names_the_expected_member() -> None:
    """Core §3.1.2.1: "If the End-User identified by the ID Token is logged in or is logged in by the request" it gets a code,
    "otherwise" ``login_required``."""
    joint = make_joint()
    browser = sign_in(joint)
    hint = hint_for(joint, browser)
    silent = {"scope": "openid", "prompt": "none", "id_token_hint": hint}
    assert "code" in location(authorize(browser, joint, **silent))[1]
    other_browser = second_member(joint)
    assert error_of(authorize(other_browser, joint, **silent)) == "login_required"
    sign_in_page = authorize(other_browser, joint, scope="openid", id_token_hint=hint)
    assert asks_to_sign_in(joint, sign_in_page)
    refused = other_browser.post(sign_in_page["Location"], {"name": "wang02", "password": PASSWORD})
    assert error_of(other_browser.get(refused["Location"])) == "login_required"
    assert (
        "code"
        in location(sign_in_for(other_browser, authorize(other_browser, joint, scope="openid", id_token_hint=hint)))[1]
    )


def test_foreign_id_token_is_not_a_hint() -> None:
    joint, foreign = make_joint(), make_joint()
    browser = sign_in(joint)
    hint = hint_for(joint, browser)
    of_others = hint_for(foreign, sign_in(foreign))
    head, body, signature = hint.split(".")
    before = AuthorizationCode.objects.count()
    for bad_hint in (
        "x",
        "a.b.c",
        f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        f"{head}.{body}.",
        of_others,
        "\N{SNOWMAN}.b.c",
    ):
        assert error_of(authorize(browser, joint, scope="openid", id_token_hint=bad_hint)) == "invalid_request", (
            bad_hint
        )
    assert AuthorizationCode.objects.count() == before
    Jwk.objects.all().delete()
    assert error_of(authorize(browser, joint, scope="openid", id_token_hint=hint)) == "invalid_request"


def test_expired_id_token_is_still_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """RP-Initiated Logout §2: "The OP SHOULD accept ID Tokens ... even when the exp time has passed"."""
    joint = make_joint()
    browser = sign_in(joint)
    hint = hint_for(joint, browser)
    later = clock.wall() + timedelta(hours=5)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert "code" in location(authorize(browser, joint, scope="openid", prompt="none", id_token_hint=hint))[1]


BACK = "http://127.0.0.1:9/bye?a=1"


def leave(browser: Browser, joint: Joint, **query: str) -> Any:
    return browser.get(f"{joint.home}api/v1/logout", query)


def test_state_is_returned_by_a_sign_out() -> None:
    """RP-Initiated Logout §3: "the OP MUST include this parameter"; the parameter of B.8 has none."""
    joint = make_joint()
    answer = leave(sign_in(joint), joint, post_logout_redirect_uri=BACK, state="a b&c")
    assert answer["Location"] == "http://127.0.0.1:9/bye?a=1&state=a+b%26c"
    assert leave(sign_in(joint), joint, redirect_url=BACK, state="x")["Location"] == BACK
    assert leave(sign_in(joint), joint, post_logout_redirect_uri=BACK)["Location"] == BACK
    assert not SignInSession.objects.filter(ended_at=None).exists()


def test_sign_out_may_be_a_form() -> None:
    """RP-Initiated Logout §2: "OPs MUST support the use of the HTTP GET and POST methods"."""
    joint = make_joint()
    browser = sign_in(joint)
    response = Browser(enforce_csrf_checks=True).post(
        f"{joint.home}api/v1/logout", {"post_logout_redirect_uri": BACK, "state": "s"}
    )
    assert response.status_code == 303
    assert SignInSession.objects.filter(ended_at=None).exists()
    assert browser.get(response["Location"])["Location"] == f"{BACK}&state=s"
    assert not SignInSession.objects.filter(ended_at=None).exists()


def test_sign_out_returns_to_the_application_of_its_id_token() -> None:
    """RP-Initiated Logout §3: never to an address of another application, or for a foreign id token."""
    joint, other_joint = make_joint(), make_joint(callback="http://127.0.0.1:11/callback")
    hint = hint_for(joint, sign_in(joint))
    home = f"{joint.home}sign-in/"
    for query, target in (
        ({"id_token_hint": hint}, BACK),
        ({"id_token_hint": hint, "client_id": joint.client.client_id}, BACK),
        ({"client_id": joint.client.client_id}, BACK),
        ({"id_token_hint": hint, "client_id": "another"}, home),
        ({"client_id": other_joint.client.client_id}, home),
        ({"client_id": "\0"}, home),
        ({"id_token_hint": "x.y.z"}, home),
        ({"id_token_hint": hint_for(other_joint, sign_in(other_joint))}, home),
    ):
        answer = leave(Browser(), joint, post_logout_redirect_uri=BACK, **query)
        assert answer["Location"] == target, query


def test_sign_out_for_another_member_keeps_the_session() -> None:
    """RP-Initiated Logout §2: a hint for another person than the browser's is "suspect"."""
    joint = make_joint()
    hint = hint_for(joint, sign_in(joint))
    other_browser = second_member(joint)
    answer = leave(other_browser, joint, post_logout_redirect_uri=BACK, id_token_hint=hint)
    assert answer["Location"] == BACK
    assert other_browser.get(joint.home).status_code == 200
    leave(other_browser, joint, id_token_hint=hint_for(joint, other_browser))
    assert other_browser.get(joint.home).status_code == 302


def test_key_set_always_contains_the_first_signing_key() -> None:
    """Clients cache the key set for an hour (``max-age``): with an empty one they could not verify the first ID tokens."""
    joint = make_joint()
    keys = Browser().get(f"{joint.home}.well-known/jwks.json").json()["keys"]
    assert [key["alg"] for key in keys] == ["RS256"]
    token_response = tokens(joint, scope="openid")
    assert [row.kid for row in Jwk.objects.all()] == [key["kid"] for key in keys]
    assert claims_of(joint, token_response["id_token"])["sub"] == joint.member.public_id


def test_unknown_scopes_are_ignored() -> None:
    """Core §3.1.2.1: "Scope values used that are not understood by an implementation SHOULD be ignored"; RFC 6749 §3.3:
    the answer lists the granted scopes."""
    joint = make_joint()
    token_response = tokens(joint, scope="openid offline_access https://x.example/y openid email email")
    assert token_response["scope"] == "openid email"
    assert "sub" in userinfo(joint, token_response["access_token"]).json()
    long = tokens(joint, scope=" ".join(["openid", *(f"scope{number}" for number in range(300))]))
    assert long["scope"] == "openid"
    assert error_of(authorize(sign_in(joint), joint, scope="root write")) == "invalid_scope"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "https://x.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"nonce": "n" * 256}, "invalid_request"),
        ({"code_challenge": "x" * 129, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
    ],
)
def test_unsupported_request_is_refused_at_the_callback(parameters: dict[str, str], error: str) -> None:
    """Core §3.1.2.6; RFC 7636 §4.2. A truncated nonce would fail at the application."""
    joint = make_joint()
    address, query = location(authorize(sign_in(joint), joint, scope="openid", **parameters))
    assert (address, query["error"], query["state"]) == (joint.client.callback, error, "s-1")
    assert not AuthorizationCode.objects.exists()


@pytest.mark.parametrize(
    "parameters",
    [{"display": "popup"}, {"ui_locales": "xx zh-CN"}, {"login_hint": "a@b.example"}, {"acr_values": "urn:x"}, {"prompt": "unknown"},
     {"response_mode": "query"}, {"claims": '{"id_token": {"acr": {"essential": true}}}'}],
)  # fmt: skip
def test_hints_are_accepted(parameters: dict[str, str]) -> None:
    """Core §3.1.2.1: ``ui_locales``, ``acr_values`` and the like are requests, not demands."""
    joint = make_joint()
    assert "code" in location(authorize(sign_in(joint), joint, scope="openid", **parameters))[1]


def test_repeated_parameter_is_refused() -> None:
    """RFC 6749 §3.1: "Request and response parameters MUST NOT be included more than once"."""
    joint = make_joint()
    query = urlencode({"response_type": "code", "client_id": joint.client.client_id, "scope": "openid", "state": "s"})
    for twice in ("prompt=none&prompt=login", "max_age=9&max_age=0", "nonce=a&nonce=b"):
        answer = sign_in(joint).get(f"{joint.home}api/v1/oauth2/authorize?{query}&{twice}")
        assert error_of(answer) == "invalid_request", twice
    assert not AuthorizationCode.objects.exists()


def test_nul_is_an_oauth_error() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    for extra_query in (
        {"nonce": "\0"},
        {"state": "\0"},
        {"client_id": "\0"},
        {"redirect_uri": "\0"},
        {"id_token_hint": "\0"},
    ):
        answer = authorize(browser, joint, scope="openid", **extra_query)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), extra_query
    for form in ({"code": "\0"}, {"client_id": "\0"}, {"client_secret": "\0"}, {"redirect_uri": "\0"}, {"scope": "\0"}):
        answer = token(joint, **{"grant_type": "authorization_code", "code": "x"} | form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), form
    assert not AuthorizationCode.objects.exists()


def test_missing_token_has_no_error_code() -> None:
    """RFC 6750 §3.1: without a token the answer "SHOULD NOT include an error code"."""
    joint = make_joint()
    without_token = Browser().get(f"{joint.home}api/v1/oauth2/userinfo")
    assert (without_token.status_code, without_token["WWW-Authenticate"]) == (401, 'Bearer realm="userinfo"')
    assert userinfo(joint, "wrong")["WWW-Authenticate"] == 'Bearer error="invalid_token"'
