"""A browser at an auth centre, and an application's server, for tests."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client as Browser
from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT

from tests.factories.people import PASSWORD
from tests.factories.signing_in import Joint
from tradepost.market.auth_centre.models import SignInSession
from tradepost.market.base import clock


def sign_in(
    joint: Joint, name: str = "zhang01", password: str = PASSWORD, *, browser: Browser | None = None
) -> Browser:
    browser = browser or Browser()
    answer = browser.post(f"{joint.home}sign-in/", {"name": name, "password": password})
    assert answer.status_code == 302, answer.content.decode()
    return browser


def age_sign_ins(age: timedelta) -> None:
    """Move the password sign-ins of all members this far into the past."""
    at = clock.wall() - age
    SignInSession.objects.update(begun_at=at, authenticated_at=at)


def sign_in_for(browser: Browser, sign_in_page: Any) -> Any:
    """Type the password on the sign-in page, and follow the redirect back to the original request."""
    signed_in = browser.post(sign_in_page["Location"], {"name": "zhang01", "password": PASSWORD})
    return browser.get(signed_in["Location"])


def authorize(browser: Browser, joint: Joint, **more: str) -> Any:
    parameters = {
        "response_type": "code", "client_id": joint.client.client_id, "redirect_uri": joint.client.callback, "state": "s-1",
    } | more  # fmt: skip
    return browser.get(
        f"{joint.home}api/v1/oauth2/authorize", {name: value for name, value in parameters.items() if value}
    )


def location(answer: Any) -> tuple[str, dict[str, str]]:
    """Return the target address without its query, and the query."""
    parts = urlsplit(answer["Location"])
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return parts._replace(query="").geturl(), query


def code_of(answer: Any) -> str:
    return location(answer)[1]["code"]


def redeem(joint: Joint, code: str, **more: Any) -> Any:
    form: dict[str, Any] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": joint.client.callback,
    } | more
    return token(joint, **form)


def refresh(joint: Joint, refresh_token: str, **more: Any) -> Any:
    form: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": refresh_token} | more
    return token(joint, **form)


def token(joint: Joint, path: str = "", headers: Any = None, **form: str) -> Any:
    """Send a token request as an application's server does; empty fields are left out."""
    fields = {"client_id": joint.client.client_id, "client_secret": joint.secret} | form
    return Browser().post(
        path or f"{joint.home}api/v1/oauth2/token",
        urlencode({name: value for name, value in fields.items() if value}),
        content_type="application/x-www-form-urlencoded",
        headers=headers or {},
    )


def userinfo(joint: Joint, access_token: str) -> Any:
    return Browser().get(f"{joint.home}api/v1/oauth2/userinfo", headers={"Authorization": f"Bearer {access_token}"})


def tokens(joint: Joint, browser: Browser | None = None, **more: str) -> dict[str, Any]:
    """Run the whole flow and return the token response."""
    answer = redeem(joint, code_of(authorize(browser or sign_in(joint), joint, **more)))
    assert answer.status_code == 200, answer.content.decode()
    token_response: dict[str, Any] = answer.json()
    return token_response


def claims_of(joint: Joint, id_token: str) -> dict[str, object]:
    keys = Browser().get(f"{joint.home}.well-known/jwks.json")
    assert "private" not in str(keys.json())
    assert all("d" not in key for key in keys.json()["keys"])
    verified = JWT(jwt=id_token, key=JWKSet.from_json(keys.content), algs=["RS256"])
    claims: dict[str, object] = json.loads(verified.claims)
    return claims
