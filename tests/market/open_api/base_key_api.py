"""URLs of a market with one additional API: a test API that takes records signed with the base key, like the usage push of
openapi-jointkit §C.5. It uses the same framework as the order query, which is served beside it.
"""

from __future__ import annotations

from datetime import datetime

from django.urls import include, path

from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.open_api.answers import ApiErrors, ApiRequest, open_api
from tradepost.market.open_api.authentication import Caller, CheckRequest, NotAuthenticated, RequestHead
from tradepost.market.open_api.descriptions import Description
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.freshness import is_fresh, read_epoch_ms
from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import usage_push
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.signing import MAX_SKEW

MAX_BODY_BYTES = 100_000
DESCRIBED = Description(operation="MadeUp", tag="Test", summary="Made up")
received_records: list[usage_push.UsageRecord] = []
seen_nonces: set[str] = set()

ERRORS = ApiErrors(
    table=usage_push.ERRORS,
    envelope=error_envelope,
    not_authenticated=usage_push.AUTH_FAILED,
    too_often=gateway_error("APIGW.0308"),
    internal=usage_push.SYSTEM_ERROR,
)


def by_base_key(head: RequestHead) -> CheckRequest:
    """The seller is identified by the instances in the body. The time is checked from the headers."""
    sent_at = read_epoch_ms(head.request.header("ts") or "")
    if sent_at is None or not is_fresh(sent_at, head.wall, MAX_SKEW):
        raise NotAuthenticated("ts is not the present time")
    if not head.request.header("signature"):
        raise NotAuthenticated("the header signature is missing")

    def check(request: Request) -> Caller:
        instances = usage_push.claimed_instances(request.body)
        sellers = set(Subscription.objects.filter(instance_id__in=instances).values_list("seller", flat=True))
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
    known = nonce in seen_nonces
    seen_nonces.add(nonce)
    return known


@open_api("POST", authentication=by_base_key, errors=ERRORS, largest_body=MAX_BODY_BYTES, described=DESCRIBED)
def usage_data(api_request: ApiRequest) -> Response:
    received_records.extend(usage_push.load_records(api_request.request.body))
    return usage_push.push_response()


urlpatterns = [
    path(usage_push.PATH.removeprefix("/"), usage_data),
    path("", include("tradepost.market.urls")),
]
