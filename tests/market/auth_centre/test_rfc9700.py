"""The attacks of RFC 9700 (OAuth 2.0 Security Best Current Practice), one test each; none gives a token."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from tests.factories.signing_in import Joint, make_joint
from tests.market.auth_centre.browsing import (
    authorize,
    code_of,
    location,
    redeem,
    refresh,
    sign_in,
    token,
    tokens,
    userinfo,
)
from tradepost.market.applications.models import Authorisation, Client
from tradepost.market.auth_centre.models import AccessToken, AuthorizationCode, Grant, RefreshToken
from tradepost.market.auth_centre.tenant import COOKIE
from tradepost.market.base import clock
from tradepost.market.base.secrets import fingerprints, seal

pytestmark = pytest.mark.django_db

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def is_refused(joint: Joint, answer: Any, words: str = "Invalid authorization code") -> None:
    """Check for 400 invalid_grant with the messages of B.5 and B.6, and that no token was created."""
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant", "error_description": words})


@pytest.mark.parametrize(
    "redirect_uri",
    ["http://127.0.0.1:9/callback/", "http://127.0.0.1:9/callback?next=http://evil.example", "http://127.0.0.1:9/other",
     "http://127.0.0.1:9@evil.example/callback", "http://127.0.0.1:10/callback", "http://127.0.0.1:9/callback#x"],
)  # fmt: skip
def test_callback_other_than_the_registered_one_is_never_used(redirect_uri: str) -> None:
    """§4.1: compared character by character; the error is shown here, not sent there."""
    joint = make_joint()
    answer = authorize(sign_in(joint), joint, redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer
    assert not AuthorizationCode.objects.exists()


def test_unknown_client_gets_the_protocol_error_and_a_person_a_page() -> None:
    """B.4: ``invalid_client``, ``Client ID mismatch``; a client of another enterprise is unknown, too."""
    joint, other_joint = make_joint(), make_joint()
    browser = sign_in(joint)
    for client_id in ("nobody", other_joint.client.client_id):
        answer = authorize(browser, joint, client_id=client_id)
        assert (answer.status_code, answer.json()) == (
            400, {"error": "invalid_client", "error_description": "Client ID mismatch"},
        )  # fmt: skip
    page = browser.get(f"{joint.home}api/v1/oauth2/authorize?client_id=nobody", headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert "Client ID mismatch" in page.content.decode()


def test_code_works_once_and_its_replay_revokes_the_tokens() -> None:
    """§2.1.1, RFC 6749 §4.1.2."""
    joint = make_joint()
    code = code_of(authorize(sign_in(joint), joint))
    token_response = redeem(joint, code).json()
    assert userinfo(joint, token_response["access_token"]).status_code == 200
    is_refused(joint, redeem(joint, code))
    assert userinfo(joint, token_response["access_token"]).status_code == 401
    is_refused(joint, refresh(joint, token_response["refresh_token"]), "Invalid refresh token")
    assert Grant.objects.get().why == Grant.Why.CODE_REPLAYED
    assert AccessToken.objects.count() == 1


def test_code_is_bound_to_client_callback_and_time() -> None:
    """§4.5: with another client or callback, or too late, it gives nothing; a failed attempt uses it up."""
    joint, other_joint = make_joint(), make_joint()
    browser = sign_in(joint)
    code = code_of(authorize(browser, joint))
    is_refused(other_joint, redeem(other_joint, code))
    is_refused(other_joint, token(joint, grant_type="authorization_code", code=code, client_id=other_joint.client.client_id,
                            client_secret=other_joint.secret, path="/orgid/openapi/v1/oauth2/token"))  # fmt: skip
    is_refused(joint, redeem(joint, code, redirect_uri="http://127.0.0.1:9/other"))
    is_refused(joint, redeem(joint, code))
    code = code_of(authorize(browser, joint))
    AuthorizationCode.objects.filter(used_at=None).update(expires_at=clock.wall() - timedelta(seconds=1))
    is_refused(joint, redeem(joint, code))
    assert not AccessToken.objects.exists()


def test_pkce_is_enforced_once_begun() -> None:
    """§2.1.1, §4.8.2; joint.md §8."""
    joint = make_joint()
    browser = sign_in(joint)

    def code() -> str:
        return code_of(authorize(browser, joint, **PKCE))

    is_refused(joint, redeem(joint, code(), code_verifier="w" * 64))
    without = redeem(joint, code())
    assert (without.status_code, without.json()["error"]) == (400, "invalid_request")
    assert not AccessToken.objects.exists()
    assert redeem(joint, code(), code_verifier=VERIFIER).status_code == 200


def test_removed_pkce_is_detected() -> None:
    """§4.8.2: the downgrade attack."""
    joint = make_joint()
    is_refused(joint, redeem(joint, code_of(authorize(sign_in(joint), joint)), code_verifier=VERIFIER))
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("method", ["plain", "", "S512"])
def test_plain_challenge_is_refused(method: str) -> None:
    """§2.1.1: only S256."""
    joint = make_joint()
    answer = authorize(sign_in(joint), joint, code_challenge=VERIFIER, code_challenge_method=method)
    address, query = location(answer)
    assert (address, query["error"], "code" in query) == (joint.client.callback, "invalid_request", False)
    assert not AuthorizationCode.objects.exists()


@pytest.mark.parametrize(("asked", "error"), [
    ({"response_type": "token"}, "unsupported_response_type"), ({"response_type": "code token"}, "unauthorized_client"),
    ({"scope": "root"}, "invalid_scope"),
])  # fmt: skip
def test_no_implicit_grant_and_no_unknown_scope(asked: dict[str, str], error: str) -> None:
    """§2.1.2; the error goes to the callback with the state and the issuer."""
    joint = make_joint()
    _address, query = location(authorize(sign_in(joint), joint, **asked))
    assert (query["error"], query["state"]) == (error, "s-1")
    assert query["iss"].endswith(joint.home.rstrip("/"))


@pytest.mark.parametrize("grant_type", ["password", "client_credentials", "implicit", ""])
def test_no_other_grants(grant_type: str) -> None:
    """§2.4."""
    answer = token(make_joint(), grant_type=grant_type, username="zhang01", password="correct horse battery")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    assert not AccessToken.objects.exists()


def test_refresh_token_works_once_and_its_replay_ends_the_family() -> None:
    """§4.14.2: whichever of the two parties is the thief."""
    joint = make_joint()
    first = tokens(joint)
    second = refresh(joint, first["refresh_token"]).json()
    is_refused(joint, refresh(joint, first["refresh_token"]), "Invalid refresh token")
    is_refused(joint, refresh(joint, second["refresh_token"]), "Invalid refresh token")
    for token_response in (first, second):
        assert userinfo(joint, token_response["access_token"]).status_code == 401
    assert Grant.objects.get().why == Grant.Why.TOKEN_REPLAYED
    assert RefreshToken.objects.count() == 2


def test_refresh_token_is_bound_to_client_and_scope() -> None:
    """§2.2.2, RFC 6749 §6."""
    joint, other_joint = make_joint(), make_joint()
    refresh_token = tokens(joint)["refresh_token"]
    is_refused(other_joint, refresh(other_joint, refresh_token), "Invalid refresh token")
    wider = refresh(joint, refresh_token, scope="get_user_info openid")
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    RefreshToken.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
    is_refused(joint, refresh(joint, refresh_token), "Invalid refresh token")


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_client_authenticates_by_form_or_header_but_not_both() -> None:
    """RFC 6749 §2.3.1; 400 for a form, 401 for Basic (joint.md §5)."""
    joint = make_joint()
    browser = sign_in(joint)
    for secret in ("wrong", ""):
        answer = redeem(joint, code_of(authorize(browser, joint)), client_secret=secret)
        assert (answer.status_code, answer.json()) == (
            400, {"error": "invalid_client", "error_description": "Bad client credentials"},
        )  # fmt: skip
    failed = redeem(
        joint, code_of(authorize(browser, joint)), headers=basic(joint.client.client_id, "wrong"), client_id="", client_secret="",
    )  # fmt: skip
    assert (failed.status_code, failed["WWW-Authenticate"].split()[0]) == (401, "Basic")
    both = redeem(joint, code_of(authorize(browser, joint)), headers=basic(joint.client.client_id, joint.secret))
    assert both.json()["error"] == "invalid_client"
    assert not AccessToken.objects.exists()
    code = code_of(authorize(browser, joint))
    succeeded = redeem(joint, code, headers=basic(joint.client.client_id, joint.secret), client_id="", client_secret="")
    assert succeeded.status_code == 200


def test_previous_secret_is_valid_until_its_end() -> None:
    """joint.md §2: ``previous_hash``, ``previous_until``."""
    joint = make_joint()
    before = joint.secret
    Client.objects.filter(pk=joint.client.pk).update(
        sealed_secret=seal("the next one"), previous_hash=fingerprints("client secret", before)[0],
        previous_until=clock.now() + timedelta(hours=1),
    )  # fmt: skip
    browser = sign_in(joint)
    assert redeem(joint, code_of(authorize(browser, joint)), client_secret=before).status_code == 200
    assert redeem(joint, code_of(authorize(browser, joint)), client_secret="the next one").status_code == 200
    Client.objects.filter(pk=joint.client.pk).update(previous_until=clock.now() - timedelta(seconds=1))
    assert redeem(joint, code_of(authorize(browser, joint)), client_secret=before).status_code == 400


def test_token_is_bound_to_one_auth_centre() -> None:
    """§2.3: another enterprise's endpoint does not take it."""
    joint, other_joint = make_joint(), make_joint()
    access_token = tokens(joint)["access_token"]
    assert userinfo(other_joint, access_token).status_code == 401
    AccessToken.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
    assert userinfo(joint, access_token).status_code == 401


def test_tokens_are_never_in_addresses_and_codes_are_stored_as_hashes() -> None:
    """§4.3: a token in the query gives no access; the database holds nothing usable."""
    joint = make_joint()
    code = code_of(authorize(sign_in(joint), joint))
    token_response = redeem(joint, code).json()
    in_query = Browser().get(f"{joint.home}api/v1/oauth2/userinfo", {"access_token": token_response["access_token"]})
    assert in_query.status_code == 401
    stored_rows = str([list(model.objects.values()) for model in (AuthorizationCode, AccessToken, RefreshToken, Grant)])
    assert [
        secret
        for secret in (code, token_response["access_token"], token_response["refresh_token"])
        if secret in stored_rows
    ] == []
    answer = token(joint, path=f"{joint.home}api/v1/oauth2/token?client_id={joint.client.client_id}", grant_type="refresh_token",
                   refresh_token=token_response["refresh_token"])  # fmt: skip
    assert answer["Cache-Control"] == "no-store"


def test_repeated_parameter_or_long_body_is_refused() -> None:
    """RFC 6749 §3.2."""
    joint = make_joint()
    url, form = f"{joint.home}api/v1/oauth2/token", "application/x-www-form-urlencoded"
    for body in ("grant_type=refresh_token&grant_type=password", "grant_type=" + "x" * 20_000):
        answer = Browser().post(url, body, content_type=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_withdrawal_takes_effect_at_the_next_request() -> None:
    """joint.md §6: nobody withdrawn holds a valid token."""
    joint = make_joint()
    browser = sign_in(joint)
    code, own_tokens = code_of(authorize(browser, joint)), tokens(joint, browser)
    Authorisation.objects.update(wanted=False)
    assert userinfo(joint, own_tokens["access_token"]).status_code == 401
    is_refused(joint, refresh(joint, own_tokens["refresh_token"]), "Invalid refresh token")
    is_refused(joint, redeem(joint, code))
    page = authorize(browser, joint)
    assert page.status_code == 403
    assert "Location" not in page
    assert "auth.not_authorised" in page.content.decode()


def test_sign_in_page_cannot_be_framed_or_cached() -> None:
    """§4.16, §4.2: no clickjacking, no code in a Referer."""
    joint = make_joint()
    page = Browser().get(f"{joint.home}sign-in/")
    assert (page["X-Frame-Options"], "frame-ancestors 'none'" in page["Content-Security-Policy"]) == ("DENY", True)
    answer = authorize(sign_in(joint), joint)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_no_log_contains_a_secret(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """§4.3: not at the log level of a market; ``logs`` suppresses debug output of oauthlib."""
    caplog.set_level("INFO")
    joint = make_joint()
    browser = sign_in(joint)
    code = code_of(authorize(browser, joint, **PKCE))
    token_response = redeem(joint, code, code_verifier=VERIFIER).json()
    redeem(joint, code, code_verifier=VERIFIER)
    refresh(joint, token_response["refresh_token"])
    userinfo(joint, token_response["access_token"])
    ticket = browser.get(f"{joint.home}cas/login", {"service": joint.client.callback})["Location"].partition("ticket=")[
        2
    ]
    Browser().get(f"{joint.home}cas/serviceValidate", {"service": joint.client.callback, "ticket": ticket})
    captured = capsys.readouterr()
    logged = captured.out + captured.err + caplog.text
    assert "/api/v1/oauth2/token" in logged
    secrets = {code, ticket, VERIFIER, joint.secret, "correct horse battery", browser.cookies[COOKIE].value}
    secrets |= {token_response["access_token"], token_response["refresh_token"]}
    assert [secret for secret in secrets if secret in logged] == []
