"""Verification of app keys for sellers' gateways, signed with AK/SK (business-rules §2.5).

An unknown key and a wrong secret get the same answer, which does not reveal keys of other sellers.
"""

from __future__ import annotations

from tradepost.market.app_keys.keys import verify
from tradepost.market.catalog.delivered import current_answers
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import app_keys as wire
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error

from . import seller_descriptions as seller
from .answers import ApiErrors, ApiRefused, ApiRequest, open_api
from .authentication import by_access_key

APP_KEY_ERRORS = ApiErrors(
    table=wire.ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=wire.ERRORS["MKT.0999"],
)
_JSON = "application/json"


@open_api("POST", authentication=by_access_key, errors=APP_KEY_ERRORS, described=seller.VERIFY_APP_KEY)
def verify_app_key(request: ApiRequest) -> Response:
    content_type = (request.request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if content_type != _JSON:
        raise ApiRefused("MKT.0102")
    try:
        app_key, secret = wire.load_verify(request.request.body)
    except NotTaken as refusal:
        raise ApiRefused(refusal.error.code, refusal.detail) from None
    verdict, service = verify(request.caller.seller_id, app_key, secret, now=request.now)
    return wire.verified_response(_check(verdict.value, service))


def _check(verdict: str, service: Subscription | None) -> wire.AppKeyCheck:
    if service is None:
        return wire.AppKeyCheck(verdict=verdict)
    return wire.AppKeyCheck(
        verdict=verdict,
        instance_id=service.instance_id,
        product_id=service.offer.product_id,
        sku_code=service.offer.sku.code,
        order_id=service.order_line_number.rpartition("-")[0],
        api_group=current_answers(service.product).get("api_group", ""),
        expires_at=service.expires_at,
    )
