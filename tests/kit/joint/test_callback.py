"""Attacks on the callback, and unusual answers of an auth centre (openapi-jointkit §B)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.joint.directories import application, person, tenant, users
from tests.kit.joint.place import Browser, place, problem_of, server, visit
from tradepost.kit.joint import problems
from tradepost.kit.joint.replies import local_path

__all__ = ["place", "server"]


def test_state_of_another_browser_is_refused(place):
    """A stranger's code in a victim's browser would sign them in as the stranger (RFC 6749 §10.12)."""
    stranger = Browser(place.browser.login)
    answered = visit(stranger.begin().location)
    place.browser.begin()
    for query in (answered, {**answered, "state": "made up"}, {**answered, "state": "\udc00"}):
        assert problem_of(place.browser.callback(query)) == problems.NOT_BEGUN_HERE
    assert not place.browser.is_in
    assert "api/v1/oauth2/token" not in place.server.asked


def test_repeated_callback_does_not_sign_in(place):
    """§B.5: a code is single use."""
    answered = visit(place.browser.begin().location)
    kept = dict(place.browser.cookies)
    place.browser.callback(answered)
    again = Browser(place.browser.login, {})
    assert problem_of(again.callback(answered)) == problems.NOT_BEGUN_HERE
    # A browser that kept its attempt: the auth centre refuses the code.
    again.cookies = kept
    assert problem_of(again.callback(answered)) == problems.SIGN_IN_EXPIRED
    assert not again.is_in


def test_attempt_expires_after_ten_minutes(place):
    answered = visit(place.browser.begin().location)
    place.later(timedelta(minutes=10))
    assert problem_of(place.browser.callback(answered)) == problems.NOT_BEGUN_HERE


def test_code_of_another_tenant_is_refused(place):
    """§B.2: the tenant decides the domain. An answer of another tenant, or in its name, is refused."""
    place.server.clients["t2"] = {"client-2": "other secret"}
    place.server.signed_in["t2"] = "zhang01"
    place.tell(tenant(tenant_id="t2", domain=place.server.domain("t2")))
    place.tell(application(tenant_id="t2", client_id="client-2", secret="other secret"))
    place.tell(users(person(), tenant_id="t2"))
    answered = visit(place.browser.begin().location)
    wrong = {**answered, "tenant": "t2"}
    assert problem_of(place.browser.callback(wrong)) == problems.OTHER_TENANT
    for forged in ({"iss": "https://evil.example.com"}, {"iss": "http://["}):
        answered = visit(place.browser.begin().location)
        assert problem_of(place.browser.callback({**answered, **forged})) == problems.OTHER_TENANT
    other = visit(place.browser.begin("t2").location)
    mixed = visit(place.browser.begin().location) | {"code": other["code"]}
    assert problem_of(place.browser.callback(mixed)) == problems.SIGN_IN_EXPIRED
    assert not place.browser.is_in
    assert place.browser.sign_in("t2").location == "/"
    assert place.browser.who is not None
    assert place.browser.who.tenant_id == "t2"


@pytest.mark.parametrize(("says", "problem"), [
    ({"tenant": "t2"}, problems.OTHER_TENANT),
    ({"tenant": ""}, problems.OTHER_TENANT),
    ({"userName": "stranger"}, problems.NOT_AUTHORISED),
    ({"userName": "ZHANG01"}, problems.NOT_AUTHORISED),
    ({"userName": 7}, problems.MISCONFIGURED),
    ({"userName": "x" * 300}, problems.MISCONFIGURED),
])  # fmt: skip
def test_account_must_belong_to_this_tenant(place, says, problem):
    """§B.7."""
    place.server.says = says
    assert problem_of(place.browser.sign_in()) == problem
    assert not place.browser.is_in
    assert place.sync.directory._sessions == {}


def test_older_names_of_the_account_are_read(place):
    """§B.7: accName and loginName only occur in an older text."""
    place.server.says = {"userName": None, "loginName": "li02"}
    place.browser.sign_in()
    assert place.browser.who is not None
    assert place.browser.who.user_name == "li02"


@pytest.mark.parametrize(("answer", "problem"), [
    ((400, b'{"error":"invalid_grant","error_description":"Invalid authorization code"}'), problems.SIGN_IN_EXPIRED),
    ((403, b'{"error":"invalid_client","error_description":"Bad client credentials"}'), problems.MISCONFIGURED),
    ((401, b'{"error":"invalid_client"}'), problems.MISCONFIGURED),
    ((500, b"<html>"), problems.AUTH_CENTRE_UNREACHABLE),
    ((200, b"<html>"), problems.MISCONFIGURED),
    ((200, b'{"access_token":""}'), problems.MISCONFIGURED),
    ((200, b'{"access_token":' + b"[" * 100 + b"]" * 100 + b"}"), problems.MISCONFIGURED),
    ((200, b" " * 300_000), problems.AUTH_CENTRE_UNREACHABLE),
])  # fmt: skip
def test_refusal_of_the_token_endpoint_is_explained(place, answer, problem):
    """§B.5."""
    reply = place.browser.begin()
    query = visit(reply.location)
    place.server.answer = answer
    assert problem_of(place.browser.callback(query)) == problem
    assert not place.browser.is_in


def test_unreachable_auth_centre_is_explained(place):
    query = visit(place.browser.begin().location)
    place.tell(tenant(domain="http://127.0.0.1:1"))
    assert (
        problem_of(place.browser.callback({**query, "iss": "http://127.0.0.1:1"})) == problems.AUTH_CENTRE_UNREACHABLE
    )


@pytest.mark.parametrize(
    "query", [{}, {"tenant": "t1"}, {"code": ""}, {"code": "c" * 5000, "state": "s"}, {"code": "c"}]
)
def test_incomplete_answer_is_refused(place, query):
    assert problem_of(place.browser.callback(query)) == problems.INCOMPLETE


def test_declined_sign_in_is_explained(place):
    query = {"error": "access_denied", "error_description": "<script>", "state": "s"}
    assert problem_of(place.browser.callback(query)) == problems.DECLINED


def test_unsafe_domain_is_refused(place):
    """§A.5: the domain comes with https://; over anything else a secret would be read on the way."""
    for domain in (
        "http://acme.example.com",
        "acme.example.com",
        "https://u:p@acme.example.com",
        "https://a.example.com?x",
        "https://a.example.com/\r\nX: y",
    ):
        place.tell(tenant(domain=domain))
        assert problem_of(place.browser.begin()) == problems.NOT_BOUND
    assert problem_of(place.browser.begin("unknown")) == problems.NOT_BOUND
    assert "t" * 65 not in place.browser.begin("t" * 65).location


@pytest.mark.parametrize("onward", [
    "//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "\\/evil", "/\t/evil.example.com",
    "javascript:alert(1)", "/" + "x" * 2001, "", " /x", "/x\r\nSet-Cookie: a=b",
])  # fmt: skip
def test_redirect_target_must_be_on_this_site(place, onward):
    assert place.browser.sign_in(onward=onward).location == "/"


@given(st.text() | st.text().map("/".__add__))
def test_local_path_stays_on_this_host(text):
    path = local_path(text)
    if path:
        assert path.isascii()
        assert unquote(path, errors="replace") == unquote(text.encode("utf-8", "replace").decode(), errors="replace")
        parts = urlsplit(f"https://app.example.com{path}")
        assert parts.netloc == "app.example.com"
        assert urlsplit(path).netloc == ""
