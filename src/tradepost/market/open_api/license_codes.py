"""Authorisation codes for the seller's software: activate, query and report usage, in both versions (openapi-jointkit
§C.8–§C.10).

Signed with AK/SK. A failure has HTTP status 200 and a row of the table, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from tradepost.market.fulfilment.activating import Activation, NotActivated, activate
from tradepost.market.licenses import codes, software_usage
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.code_status import IN_LIST, NOT_ACTIVATED, UNKNOWN_CODE, license_status
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import license_calls as wire
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.license_calls import LicenseInfo, LicenseStatus
from tradepost.protocols.open_api.software_usage import load_usages, report_response

from . import seller_descriptions as seller
from .answers import ApiErrors, ApiRefused, ApiRequest, open_api
from .authentication import by_access_key

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Maximum number of bytes: a report holds a hundred codes with a hundred ids of 256 characters each."""

CODE_ERRORS = ApiErrors(
    table=wire.ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=wire.ERRORS["92020001"],
)
_JSON = "application/json"


@open_api("POST", authentication=by_access_key, errors=CODE_ERRORS, described=seller.ACTIVATE_ONE)
def activate_one(request: ApiRequest) -> Response:
    [code] = _activate(request, version=1)
    return wire.activated_response(_info(code))


@open_api("POST", authentication=by_access_key, errors=CODE_ERRORS, described=seller.ACTIVATE_MANY)
def activate_many(request: ApiRequest) -> Response:
    _activate(request, version=2)
    return wire.activated_response()


def _activate(request: ApiRequest, *, version: int) -> list[LicenseCode]:
    command = _parse_body(request.request, lambda body: wire.load_activate(body, version=version))
    activation = Activation(seller=request.caller.seller_id, asked=command, as_list=version > 1)
    try:
        return activate(activation, now=request.now)
    except NotActivated as refusal:
        raise ApiRefused(refusal.trouble.code, refusal.trouble.detail) from None


@open_api("POST", authentication=by_access_key, errors=CODE_ERRORS, described=seller.QUERY_ONE)
def query_one(request: ApiRequest) -> Response:
    """Query one code. An unknown code and a code that was never activated have their own error rows."""
    query = _parse_body(request.request, lambda body: wire.load_query(body, version=1))
    code = codes.find_codes(request.caller.seller_id, query.licenses).get(query.licenses[0])
    if code is None:
        raise ApiRefused(UNKNOWN_CODE, "no code of yours is this one")
    if _status(code) is None:
        raise ApiRefused(NOT_ACTIVATED)
    codes.record_query([code], now=request.now)
    return wire.query_response([_info(code)], version=1)


@open_api("POST", authentication=by_access_key, errors=CODE_ERRORS, described=seller.QUERY_MANY)
def query_many(request: ApiRequest) -> Response:
    """Query several codes. One that is unknown or was never activated refuses the full list."""
    query = _parse_body(request.request, lambda body: wire.load_query(body, version=2))
    texts = list(dict.fromkeys(query.licenses))
    codes_found = codes.find_codes(request.caller.seller_id, texts)
    if unusable := [text for text in texts if text not in codes_found or _status(codes_found[text]) is None]:
        raise ApiRefused(IN_LIST, "unknown or not activated: " + ", ".join(unusable[:5]))
    codes.record_query(codes_found.values(), now=request.now)
    return wire.query_response([_info(codes_found[text]) for text in texts], version=2)


@open_api(
    "POST",
    authentication=by_access_key,
    errors=CODE_ERRORS,
    largest_body=MAX_BODY_BYTES,
    described=seller.SOFTWARE_USAGE,
)
def usage_info(request: ApiRequest) -> Response:
    usages = _parse_body(request.request, load_usages)
    zone = timezone.get_default_timezone()
    return report_response(software_usage.report(request.caller.seller_id, usages, zone=zone, now=request.now))


def _parse_body[T](request: Request, load: Callable[[bytes], T]) -> T:
    """Parse the body. Raises ``ApiRefused`` for invalid JSON or undocumented content."""
    content_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if content_type != _JSON:
        raise ApiRefused("95000003", f"the Content-Type must be {_JSON}")
    try:
        return load(request.body)
    except NotTaken as refusal:
        raise ApiRefused(refusal.error.code, refusal.detail) from None


def _status(code: LicenseCode) -> LicenseStatus | None:
    return license_status(code.status, code.subscription.status if code.subscription is not None else None)


def _info(code: LicenseCode) -> LicenseInfo:
    """Return the code's data with the order of its purchase; a test code has none."""
    service: Subscription | None = code.subscription
    return LicenseInfo(
        license_code=code.code,
        status=_status(code) or LicenseStatus.RELEASED,
        activated_at=code.effective_at,
        expires_at=service.expires_at if service is not None else None,
        product_id=service.offer.product_id if service is not None else "",
        order_id=service.order_line_number.rpartition("-")[0] if service is not None else "",
        amount=service.quantity if service is not None else 1,
    )
