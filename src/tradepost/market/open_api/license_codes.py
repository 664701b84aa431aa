"""Authorisation codes as the seller's software asks for them: activate, query, report usage, in both versions (openapi-jointkit
§C.8–§C.10). Signed with AK/SK; a failure rides on HTTP 200 with a row of the table, and has changed nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from tradepost.market.fulfilment.activating import Activation, NotActivated, activate
from tradepost.market.licenses import codes, software_usage
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.code_status import IN_LIST, NO_SUCH, NOT_ACTIVATED, license_status
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import license_calls as wire
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.license_calls import LicenseInfo, LicenseStatus
from tradepost.protocols.open_api.software_usage import load_usages, reported

from . import seller_described as seller
from .answers import ApiRefused, ApiRequest, Errors, open_api
from .authentication import by_access_key

LARGEST = 4 * 1024 * 1024
"""Bytes of a call: a report holds a hundred codes with a hundred ids of 256 characters each."""

OF_CODES = Errors(
    table=wire.ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=wire.ERRORS["92020001"],
)
_JSON = "application/json"


@open_api("POST", authentication=by_access_key, errors=OF_CODES, described=seller.ACTIVATE_ONE)
def activate_one(request: ApiRequest) -> Response:
    [code] = _activate(request, version=1)
    return wire.activated(_info(code))


@open_api("POST", authentication=by_access_key, errors=OF_CODES, described=seller.ACTIVATE_MANY)
def activate_many(request: ApiRequest) -> Response:
    _activate(request, version=2)
    return wire.activated()


def _activate(request: ApiRequest, *, version: int) -> list[LicenseCode]:
    asked = _read(request.request, lambda body: wire.load_activate(body, version=version))
    activation = Activation(seller=request.caller.seller_id, asked=asked, as_list=version > 1)
    try:
        return activate(activation, now=request.now)
    except NotActivated as refused:
        raise ApiRefused(refused.trouble.code, refused.trouble.detail) from None


@open_api("POST", authentication=by_access_key, errors=OF_CODES, described=seller.QUERY_ONE)
def query_one(request: ApiRequest) -> Response:
    """An unknown code and one that was never activated have rows of their own."""
    asked = _read(request.request, lambda body: wire.load_query(body, version=1))
    code = codes.found(request.caller.seller_id, asked.licenses).get(asked.licenses[0])
    if code is None:
        raise ApiRefused(NO_SUCH, "no code of yours is this one")
    if _status(code) is None:
        raise ApiRefused(NOT_ACTIVATED)
    codes.stamp([code], now=request.now)
    return wire.queried([_info(code)], version=1)


@open_api("POST", authentication=by_access_key, errors=OF_CODES, described=seller.QUERY_MANY)
def query_many(request: ApiRequest) -> Response:
    """A list with one that is unknown or was never activated is refused as a whole."""
    asked = _read(request.request, lambda body: wire.load_query(body, version=2))
    texts = list(dict.fromkeys(asked.licenses))
    known = codes.found(request.caller.seller_id, texts)
    if wrong := [text for text in texts if text not in known or _status(known[text]) is None]:
        raise ApiRefused(IN_LIST, "unknown or not activated: " + ", ".join(wrong[:5]))
    codes.stamp(known.values(), now=request.now)
    return wire.queried([_info(known[text]) for text in texts], version=2)


@open_api("POST", authentication=by_access_key, errors=OF_CODES, largest_body=LARGEST, described=seller.SOFTWARE_USAGE)
def usage_info(request: ApiRequest) -> Response:
    usages = _read(request.request, load_usages)
    zone = timezone.get_default_timezone()
    return reported(software_usage.report(request.caller.seller_id, usages, zone=zone, now=request.now))


def _read[T](request: Request, load: Callable[[bytes], T]) -> T:
    """What the body says. Raises ``ApiRefused`` for one that is no JSON, or not what the interface documents."""
    stated = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if stated != _JSON:
        raise ApiRefused("95000003", f"the Content-Type must be {_JSON}")
    try:
        return load(request.body)
    except NotTaken as refused:
        raise ApiRefused(refused.error.code, refused.detail) from None


def _status(code: LicenseCode) -> LicenseStatus | None:
    return license_status(code.status, code.subscription.status if code.subscription is not None else None)


def _info(code: LicenseCode) -> LicenseInfo:
    """The order is that of the purchase. A test code stands for none."""
    held: Subscription | None = code.subscription
    return LicenseInfo(
        license_code=code.code,
        status=_status(code) or LicenseStatus.RELEASED,
        activated_at=code.effective_at,
        expires_at=held.expires_at if held is not None else None,
        product_id=held.offer.product_id if held is not None else "",
        order_id=held.order_line_number.rpartition("-")[0] if held is not None else "",
        amount=held.quantity if held is not None else 1,
    )
