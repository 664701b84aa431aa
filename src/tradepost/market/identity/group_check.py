"""Query a provider for an operator's groups with the refresh token. Runs in a leased job, outside of any
transaction."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from tradepost.market.base import leased_jobs
from tradepost.market.base.leased_jobs import RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound import Bounds, FetchedResponse, NoResponse, fetch
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.secrets import seal, unseal

from . import sign_in_providers
from .provider_models import ProviderSignIn, SignInProvider

KIND = "identity.ask_groups"
DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT = 8.0


def start(payload: Mapping[str, Any], now: datetime, *, wall: datetime) -> datetime | None:
    """Timer task: end sessions without a recent confirmation, or start the job. Return the time of the next check."""
    sign_in = _sign_in(payload["sign_in"])
    if sign_in is None:
        return None
    if now - sign_in.confirmed_at >= sign_in_providers.MAX_UNCONFIRMED:
        sign_in_providers.end_sessions(sign_in.user, now=now, wall=wall)
        return None  # the next sign-in schedules it again
    if sign_in.sealed_refresh:
        leased_jobs.start(KIND, str(sign_in.pk), payload={"sign_in": sign_in.pk}, now=now, seller_id=None)
    return now + sign_in_providers.CHECK_INTERVAL


def _sign_in(pk: int) -> ProviderSignIn | None:
    return ProviderSignIn.objects.filter(pk=pk, gives_role=True).select_related("provider", "user").first()


def check_groups(running: RunningJob, *, outbound: OutboundPolicy) -> Mapping[str, Any]:
    """The work of the job: ``{"state": "groups" | "ended" | "unknown", …}``. ``ended``: the provider no longer
    accepts the token."""
    sign_in = _sign_in(running.payload["sign_in"])
    if sign_in is None:
        return {"state": "unknown"}
    bounds = Bounds(outbound=outbound, within=TIMEOUT)
    try:
        configuration = _json(fetch(sign_in.provider.issuer.rstrip("/") + DISCOVERY, bounds))
        tokens = _refreshed(sign_in, str(configuration["token_endpoint"]), bounds)
        if tokens is None:
            return {"state": "ended"}
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        claims = _json(fetch(str(configuration["userinfo_endpoint"]), bounds, headers=bearer))
    except (NoResponse, ValueError, KeyError, TypeError):
        return {"state": "unknown"}
    groups = sign_in_providers.groups_of(sign_in.provider, claims)
    if refresh := str(
        tokens.get("refresh_token", "")
    ):  # store immediately: the provider may no longer accept the former token
        ProviderSignIn.objects.filter(pk=sign_in.pk).update(sealed_refresh=seal(refresh))
    return {"state": "groups", "groups": groups}


def _refreshed(sign_in: ProviderSignIn, url: str, bounds: Bounds) -> dict[str, Any] | None:
    form = {"grant_type": "refresh_token", "refresh_token": unseal(sign_in.sealed_refresh)}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": _basic(sign_in.provider)}
    answer = fetch(url, bounds, method="POST", headers=headers, body=urlencode(form).encode())
    if answer.status == 400 and b"invalid_grant" in answer.body:
        return None
    return _json(answer)


def _basic(provider: SignInProvider) -> str:
    """RFC 6749 §2.3.1."""
    pair = f"{quote(provider.client_id, safe='')}:{quote(unseal(provider.sealed_secret), safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _json(answer: FetchedResponse) -> dict[str, Any]:
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    values = json.loads(answer.body)
    if not isinstance(values, dict):
        raise TypeError("not an object")
    return values


def record_answer(job: LeasedJob, now: datetime, *, wall: datetime) -> None:
    """Record the provider's answer. An unreadable answer changes nothing; sessions end after an hour of these."""
    sign_in, result = _sign_in(job.payload["sign_in"]), job.result or {}
    if sign_in is None:
        return
    if result.get("state") == "ended":
        sign_in_providers.end_sessions(sign_in.user, now=now, wall=wall)
    elif result.get("state") == "groups":
        sign_in_providers.confirm(sign_in, result["groups"], now=now, wall=wall)
