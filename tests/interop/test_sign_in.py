"""Applications that sign people in with unmodified third-party libraries at a live market (openapi-jointkit B)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cas
import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkorgid.v1 import (
    OrgIDClient,
    ShowOauth2TokenRequest,
    ShowOauth2TokenRequestBody,
    ShowOauth2UserInfoRequest,
    ValidateServiceRequest,
)
from joserfc import jwt
from joserfc.jwk import KeySet

from tests import waiting
from tests.interop.conftest import Market
from tests.interop.sellers.starting import Missing, node
from tests.interop.signing_in import follow_to_callback
from tradepost.kit.joint import ClientSecrets, JointLogin, JointSync, MemoryDirectory
from tradepost.kit.joint.replies import Reply
from tradepost.kit.keypair import make_pair
from tradepost.protocols.client_secret import encrypt
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth, SyncedUser, SyncFlag, SyncTenant

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]


@pytest.mark.slow
def test_authlib_signs_in_by_openid_connect_and_refreshes(market: Market) -> None:
    """Discovery, PKCE, token, id token, userinfo, refresh."""
    told = requests.get(f"{market.auth_centre}/.well-known/openid-configuration", timeout=60).json()
    client = OAuth2Session(
        market.client_id, market.client_secret, redirect_uri=market.callback, scope="openid profile email",
        code_challenge_method="S256", token_endpoint_auth_method="client_secret_post",
    )  # fmt: skip
    verifier = generate_token(48)
    url, state = client.create_authorization_url(told["authorization_endpoint"], code_verifier=verifier, nonce="n-1")
    back = follow_to_callback(url, market.callback)
    assert parse_qs(urlsplit(back).query)["iss"] == [told["issuer"]]
    tokens = client.fetch_token(
        told["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
    )
    keys = KeySet.import_key_set(requests.get(told["jwks_uri"], timeout=60).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": told["issuer"]}, aud={"essential": True, "value": market.client_id},
        exp={"essential": True}, nonce={"essential": True, "value": "n-1"},
    )  # fmt: skip
    rules.validate(claims)
    person = client.get(told["userinfo_endpoint"]).json()
    assert (person["userName"], person["sub"], person["email"]) == ("zhang01", claims["sub"], "zhang@acme.example")
    again = client.refresh_token(told["token_endpoint"])
    assert again["refresh_token"] != tokens["refresh_token"]
    assert client.get(told["userinfo_endpoint"]).json()["sub"] == claims["sub"]


@pytest.mark.parametrize(("version", "told"), [(3, "张三"), (2, None)])
def test_python_cas_validates_a_ticket(market: Market, version: int, told: str | None) -> None:
    """joint.md §9: its ``server_url`` needs its slash, and it reads XML."""
    client = cas.CASClient(version=version, service_url=market.callback, server_url=f"{market.auth_centre}/cas/")
    back = follow_to_callback(client.get_login_url(), market.callback)
    [ticket] = parse_qs(urlsplit(back).query)["ticket"]
    user, attributes, _pgt = client.verify_ticket(ticket)
    assert (user, (attributes or {}).get("name")) == ("zhang01", told)
    assert client.verify_ticket(ticket)[0] is None


@pytest.mark.slow
def test_django_cas_ng_signs_in(market: Market) -> None:
    """In a separate Django site, like a seller's application."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEPOST_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "tests.interop.cas_ng_site", f"{market.auth_centre}/cas/", market.callback],
        env=environment | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=waiting.PROGRAM_TIMEOUT
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == {"status": 302, "user": "zhang01"}


def test_python_cas_requires_the_password(market: Market) -> None:
    """CAS 3.0 §2.1.1, §2.5.1: ``renew`` at the login and at the validation."""
    client = cas.CASClient(version=3, service_url=market.callback, server_url=f"{market.auth_centre}/cas/", renew=True)
    assert "renew=true" in client.get_login_url()
    back = follow_to_callback(client.get_login_url(), market.callback)
    [ticket] = parse_qs(urlsplit(back).query)["ticket"]
    user, attributes, _pgt = client.verify_ticket(ticket)
    assert (user, (attributes or {}).get("isFromNewLogin")) == ("zhang01", "true")


@pytest.mark.slow
def test_mozilla_django_oidc_signs_in(market: Market) -> None:
    """In a separate Django site, with ``max_age=0``, PKCE and a nonce."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEPOST_", "DJANGO_"))}
    given = [market.auth_centre, market.client_id, market.client_secret, market.callback]
    done = subprocess.run(
        [sys.executable, "-m", "tests.interop.openid_site", *given],
        env=environment | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=waiting.PROGRAM_TIMEOUT
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"goes": "/in/", "user": "zhang01", "email": "zhang@acme.example"}


def orgid(market: Market) -> Any:
    """Return a client that signs its calls with AK/SK, which the auth centre does not require."""
    credentials = GlobalCredentials(market.access_key, market.secret_key, "a-domain-id")
    return OrgIDClient.new_builder().with_credentials(credentials).with_endpoints([market.url]).build()


def test_orgid_sdk_signs_in(market: Market) -> None:
    """B.10: a multipart form, ``X-OrgID-Authorization``, and CAS."""
    client = orgid(market)
    asked = f"{market.auth_centre}/api/v1/oauth2/authorize?response_type=code&client_id={market.client_id}"
    [code] = parse_qs(urlsplit(follow_to_callback(asked, market.callback)).query)["code"]
    body = ShowOauth2TokenRequestBody(
        grant_type="authorization_code", code=code, client_id=market.client_id, client_secret=market.client_secret,
        redirect_uri=market.callback, access_type="offline",
    )  # fmt: skip
    tokens = client.show_oauth2_token(ShowOauth2TokenRequest(body=body))
    assert (tokens.token_type, tokens.expires_in) == ("Bearer", 7200)
    person = client.show_oauth2_user_info(ShowOauth2UserInfoRequest(f"Bearer {tokens.access_token}"))
    assert (person.user_name, person.name, person.role) == ("zhang01", "张三", "user")
    back = follow_to_callback(f"{market.auth_centre}/cas/login?service={market.callback}", market.callback)
    [ticket] = parse_qs(urlsplit(back).query)["ticket"]
    answer = client.validate_service(ValidateServiceRequest(service=market.callback, ticket=ticket))
    assert answer.service_response.authentication_success.user == "zhang01"


@pytest.mark.slow
def test_openid_client_of_node_signs_in(market: Market) -> None:
    """Certified for OpenID Connect: it checks issuer, ``iss`` of the response, nonce, hashes and signature."""
    try:
        [program, *_] = node().seller
    except Missing as missing:
        pytest.skip(str(missing))
    script = str(HERE / "openid_client.mjs")
    given = [market.auth_centre, market.client_id, market.client_secret, market.callback]
    with subprocess.Popen(
        [program, script, *given], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        url = client.stdout.readline().strip()
        told, _ = client.communicate(follow_to_callback(url, market.callback) + "\n", timeout=600)
    assert json.loads(told) == {"userName": "zhang01", "refreshed": True, "replay": "invalid_grant"}


def test_kit_signs_in_as_sellers_use_it(market: Market) -> None:
    """B.2 to B.7 with the project's code at both ends: domain, client and secret come from the synchronisation."""
    directory, pair = MemoryDirectory(), make_pair()
    secrets = ClientSecrets(pair.private)
    sync = JointSync(directory, secrets)
    sync.apply(
        SyncTenant(
            tenant_code=market.tenant,
            name="Acme",
            domain_name=market.auth_centre,
            flag=SyncFlag.ADD,
            instance_id="",
            tenant_id=market.tenant_id,
        )
    )
    sync.apply(
        SyncApplication(
            app_id="app-1",
            client_id=market.client_id,
            encrypted_secret=encrypt(market.client_secret, pair.public),
            flag=SyncFlag.ADD,
            instance_id="",
            tenant_id=market.tenant_id,
        )
    )
    person = SyncedUser(user_name="zhang01", name="张三", org_code="HQ", admin=False, enabled=True)
    sync.apply(
        SyncAuth(
            app_id="app-1",
            users=(person,),
            synced_at=datetime.now(UTC),
            flag=SyncFlag.ADD,
            instance_id="",
            tenant_id=market.tenant_id,
        )
    )
    login = JointLogin(directory=directory, secrets=secrets, app_id="app-1", callback=market.callback)
    cookies: dict[str, str] = {}

    def take(reply: Reply) -> Reply:
        assert reply.problem is None
        cookies.update({cookie.name: cookie.value for cookie in reply.cookies})
        return reply

    back = follow_to_callback(take(login.begin(market.tenant_id)).location, market.callback)
    take(login.finish({name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}, cookies))
    known = login.who(cookies)
    assert known is not None
    assert (known.account, known.name, known.admin) == ("zhang01@acme", "张三", False)
