"""The list of RFC 9700 (OAuth 2.0 Security Best Current Practice), attack by attack; after each nothing was given."""

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
    """400 invalid_grant in the words of B.5 and B.6, and no token was made."""
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant", "error_description": words})


@pytest.mark.parametrize(
    "redirect_uri",
    ["http://127.0.0.1:9/callback/", "http://127.0.0.1:9/callback?next=http://evil.example", "http://127.0.0.1:9/other",
     "http://127.0.0.1:9@evil.example/callback", "http://127.0.0.1:10/callback", "http://127.0.0.1:9/callback#x"],
)  # fmt: skip
def test_a_callback_that_is_not_the_registered_one_is_never_gone_to(redirect_uri: str) -> None:
    """§4.1: compared character by character, and what is wrong is said here, not sent there."""
    joint = make_joint()
    answer = authorize(sign_in(joint), joint, redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer
    assert not AuthorizationCode.objects.exists()


def test_an_unknown_client_gets_the_words_of_the_service_and_a_person_a_page() -> None:
    """B.4: ``invalid_client``, ``Client ID mismatch``; another enterprise's client is as unknown."""
    joint, other = make_joint(), make_joint()
    browser = sign_in(joint)
    for client_id in ("nobody", other.client.client_id):
        answer = authorize(browser, joint, client_id=client_id)
        assert (answer.status_code, answer.json()) == (
            400, {"error": "invalid_client", "error_description": "Client ID mismatch"},
        )  # fmt: skip
    page = browser.get(f"{joint.home}api/v1/oauth2/authorize?client_id=nobody", headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert "Client ID mismatch" in page.content.decode()


def test_a_code_is_good_once_and_its_replay_takes_back_what_it_gave() -> None:
    """§2.1.1, RFC 6749 §4.1.2."""
    joint = make_joint()
    code = code_of(authorize(sign_in(joint), joint))
    given = redeem(joint, code).json()
    assert userinfo(joint, given["access_token"]).status_code == 200
    is_refused(joint, redeem(joint, code))
    assert userinfo(joint, given["access_token"]).status_code == 401
    is_refused(joint, refresh(joint, given["refresh_token"]), "Invalid refresh token")
    assert Grant.objects.get().why == Grant.Why.CODE_REPLAYED
    assert AccessToken.objects.count() == 1


def test_a_code_is_bound_to_its_client_its_callback_and_its_minute() -> None:
    """§4.5: injected into another client, to another callback, or too late it gives nothing; a wrong try spends it."""
    joint, other = make_joint(), make_joint()
    browser = sign_in(joint)
    code = code_of(authorize(browser, joint))
    is_refused(other, redeem(other, code))
    is_refused(other, token(joint, grant_type="authorization_code", code=code, client_id=other.client.client_id,
                            client_secret=other.secret, path="/orgid/openapi/v1/oauth2/token"))  # fmt: skip
    is_refused(joint, redeem(joint, code, redirect_uri="http://127.0.0.1:9/other"))
    is_refused(joint, redeem(joint, code))
    code = code_of(authorize(browser, joint))
    AuthorizationCode.objects.filter(used_at=None).update(expires_at=clock.wall() - timedelta(seconds=1))
    is_refused(joint, redeem(joint, code))
    assert not AccessToken.objects.exists()


def test_pkce_once_begun_is_enforced() -> None:
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


def test_pkce_that_was_taken_out_of_the_first_request_is_noticed() -> None:
    """§4.8.2: the downgrade."""
    joint = make_joint()
    is_refused(joint, redeem(joint, code_of(authorize(sign_in(joint), joint)), code_verifier=VERIFIER))
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("method", ["plain", "", "S512"])
def test_a_challenge_that_shows_the_verifier_is_refused(method: str) -> None:
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
def test_no_implicit_grant_and_no_scope_beyond_ours(asked: dict[str, str], error: str) -> None:
    """§2.1.2; the error goes to the callback with the state and who says so."""
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


def test_a_refresh_token_is_good_once_and_its_replay_ends_the_family() -> None:
    """§4.14.2: whoever of the two is the thief."""
    joint = make_joint()
    first = tokens(joint)
    second = refresh(joint, first["refresh_token"]).json()
    is_refused(joint, refresh(joint, first["refresh_token"]), "Invalid refresh token")
    is_refused(joint, refresh(joint, second["refresh_token"]), "Invalid refresh token")
    for told in (first, second):
        assert userinfo(joint, told["access_token"]).status_code == 401
    assert Grant.objects.get().why == Grant.Why.TOKEN_REPLAYED
    assert RefreshToken.objects.count() == 2


def test_a_refresh_token_is_bound_to_its_client_and_its_scope() -> None:
    """§2.2.2, RFC 6749 §6."""
    joint, other = make_joint(), make_joint()
    held = tokens(joint)["refresh_token"]
    is_refused(other, refresh(other, held), "Invalid refresh token")
    wider = refresh(joint, held, scope="get_user_info openid")
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_scope")
    RefreshToken.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
    is_refused(joint, refresh(joint, held), "Invalid refresh token")


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_a_client_proves_itself_by_form_or_header_and_not_by_both() -> None:
    """RFC 6749 §2.3.1; 400 for a form, 401 for Basic (joint.md §5)."""
    joint = make_joint()
    browser = sign_in(joint)
    for secret in ("wrong", ""):
        answer = redeem(joint, code_of(authorize(browser, joint)), client_secret=secret)
        assert (answer.status_code, answer.json()) == (
            400, {"error": "invalid_client", "error_description": "Bad client credentials"},
        )  # fmt: skip
    wrong = redeem(
        joint, code_of(authorize(browser, joint)), headers=basic(joint.client.client_id, "wrong"), client_id="", client_secret="",
    )  # fmt: skip
    assert (wrong.status_code, wrong["WWW-Authenticate"].split()[0]) == (401, "Basic")
    both = redeem(joint, code_of(authorize(browser, joint)), headers=basic(joint.client.client_id, joint.secret))
    assert both.json()["error"] == "invalid_client"
    assert not AccessToken.objects.exists()
    code = code_of(authorize(browser, joint))
    right = redeem(joint, code, headers=basic(joint.client.client_id, joint.secret), client_id="", client_secret="")
    assert right.status_code == 200


def test_the_secret_before_holds_until_its_time() -> None:
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


def test_a_token_is_of_one_auth_centre() -> None:
    """§2.3: another enterprise's endpoint does not take it."""
    joint, other = make_joint(), make_joint()
    held = tokens(joint)["access_token"]
    assert userinfo(other, held).status_code == 401
    AccessToken.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
    assert userinfo(joint, held).status_code == 401


def test_tokens_stand_in_no_address_and_codes_as_hashes() -> None:
    """§4.3: a token in the query opens nothing; the database holds nothing that could be used."""
    joint = make_joint()
    code = code_of(authorize(sign_in(joint), joint))
    told = redeem(joint, code).json()
    in_query = Browser().get(f"{joint.home}api/v1/oauth2/userinfo", {"access_token": told["access_token"]})
    assert in_query.status_code == 401
    kept = str([list(model.objects.values()) for model in (AuthorizationCode, AccessToken, RefreshToken, Grant)])
    assert [secret for secret in (code, told["access_token"], told["refresh_token"]) if secret in kept] == []
    answer = token(joint, path=f"{joint.home}api/v1/oauth2/token?client_id={joint.client.client_id}", grant_type="refresh_token",
                   refresh_token=told["refresh_token"])  # fmt: skip
    assert answer["Cache-Control"] == "no-store"


def test_a_parameter_said_twice_or_a_long_body_is_no_request() -> None:
    """RFC 6749 §3.2."""
    joint = make_joint()
    url, form = f"{joint.home}api/v1/oauth2/token", "application/x-www-form-urlencoded"
    for body in ("grant_type=refresh_token&grant_type=password", "grant_type=" + "x" * 20_000):
        answer = Browser().post(url, body, content_type=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_what_is_withdrawn_holds_with_the_next_request() -> None:
    """joint.md §6: nobody withdrawn holds a valid token."""
    joint = make_joint()
    browser = sign_in(joint)
    code, held = code_of(authorize(browser, joint)), tokens(joint, browser)
    Authorisation.objects.update(wanted=False)
    assert userinfo(joint, held["access_token"]).status_code == 401
    is_refused(joint, refresh(joint, held["refresh_token"]), "Invalid refresh token")
    is_refused(joint, redeem(joint, code))
    page = authorize(browser, joint)
    assert page.status_code == 403
    assert "Location" not in page
    assert "auth.not_authorised" in page.content.decode()


def test_a_page_of_the_sign_in_is_in_no_frame_and_its_answer_in_no_cache() -> None:
    """§4.16, §4.2: no clickjacking, no code in a Referer."""
    joint = make_joint()
    page = Browser().get(f"{joint.home}sign-in/")
    assert (page["X-Frame-Options"], "frame-ancestors 'none'" in page["Content-Security-Policy"]) == ("DENY", True)
    answer = authorize(sign_in(joint), joint)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_no_log_holds_a_secret(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """§4.3: not at the level at which a market logs; what oauthlib says at its lowest is held back by ``logs``."""
    caplog.set_level("INFO")
    joint = make_joint()
    browser = sign_in(joint)
    code = code_of(authorize(browser, joint, **PKCE))
    told = redeem(joint, code, code_verifier=VERIFIER).json()
    redeem(joint, code, code_verifier=VERIFIER)
    refresh(joint, told["refresh_token"])
    userinfo(joint, told["access_token"])
    ticket = browser.get(f"{joint.home}cas/login", {"service": joint.client.callback})["Location"].partition("ticket=")[
        2
    ]
    Browser().get(f"{joint.home}cas/serviceValidate", {"service": joint.client.callback, "ticket": ticket})
    captured = capsys.readouterr()
    logged = captured.out + captured.err + caplog.text
    assert "/api/v1/oauth2/token" in logged
    secrets = {code, ticket, VERIFIER, joint.secret, "correct horse battery", browser.cookies[COOKIE].value}
    secrets |= {told["access_token"], told["refresh_token"]}
    assert [secret for secret in secrets if secret in logged] == []
