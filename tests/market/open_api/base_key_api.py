"""Addresses of a market with one more API: a made-up one that takes records signed with the base key, as the usage push of
openapi-jointkit §C.5 is. It is served by the same frame as the order query, which stands beside it."""

from __future__ import annotations

from datetime import datetime

from django.urls import include, path

from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.open_api.answers import ApiRequest, Errors, open_api
from tradepost.market.open_api.authentication import Caller, CheckWhole, Head, NotAuthenticated
from tradepost.market.open_api.described import Described
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.freshness import is_fresh, read_epoch_ms
from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import usage_push
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.signing import SKEW

LARGEST = 100_000
DESCRIBED = Described(operation="MadeUp", tag="Test", summary="Made up")
taken: list[usage_push.UsageRecord] = []
nonces: set[str] = set()

ERRORS = Errors(
    table=usage_push.ERRORS,
    envelope=error_envelope,
    not_authenticated=usage_push.AUTH_FAILED,
    too_often=gateway_error("APIGW.0308"),
    internal=usage_push.SYSTEM_ERROR,
)


def by_base_key(head: Head) -> CheckWhole:
    """The call names no seller: its instances do, and they stand in the body. Its time is known by the head."""
    at = read_epoch_ms(head.request.header("ts") or "")
    if at is None or not is_fresh(at, head.wall, SKEW):
        raise NotAuthenticated("ts is not the present time")
    if not head.request.header("signature"):
        raise NotAuthenticated("the header signature is missing")

    def check(request: Request) -> Caller:
        named = usage_push.claimed_instances(request.body)
        sellers = set(Subscription.objects.filter(instance_id__in=named).values_list("seller", flat=True))
        if len(sellers) != 1:
            raise NotAuthenticated("the instances are not those of one seller")
        seller = sellers.pop()
        for key in keys.signing_secrets(seller, SigningKey.InterfaceClass.BASE, now=head.now):
            try:
                usage_push.open_push(request, key=key, now=head.wall, nonce_seen=_seen)
            except ApiRefused:
                continue
            return Caller(seller, f"base {seller}")
        raise NotAuthenticated("the signature does not match")

    return check


def _seen(nonce: str, _until: datetime) -> bool:
    known = nonce in nonces
    nonces.add(nonce)
    return known


@open_api("POST", authentication=by_base_key, errors=ERRORS, largest_body=LARGEST, described=DESCRIBED)
def usage_data(asked: ApiRequest) -> Response:
    taken.extend(usage_push.load_records(asked.request.body))
    return usage_push.pushed()


urlpatterns = [
    path(usage_push.PATH.removeprefix("/"), usage_data),
    path("", include("tradepost.market.urls")),
]
