"""Pushes of usage: the current edition, signed with the seller's base key, and older ones with AK/SK (openapi-jointkit
§C.5, §C.6).

Responses are sent after the records are committed. Each refused record is named, and does not affect the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.utils import timezone

from tradepost.market.base.config import config
from tradepost.market.metering.intake import Accepted, NonceUsed, VerifiedPush, rule_of, store_push
from tradepost.market.metering.intake import Refused as RefusedItem
from tradepost.market.metering.judge import Code, Refusal
from tradepost.market.metering.models import Push
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import usage_push, usage_push_old
from tradepost.protocols.open_api.bodies import BadBody
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.usage_items import EDITION_2018, MALFORMED, OLD_EDITION, Edition, load_items
from tradepost.protocols.open_api.usage_push import ABNORMAL_CODES, AbnormalRecord, WrongRecordCount

from . import seller_descriptions as seller
from .answers import ApiErrors, ApiRefused, ApiRequest, open_api
from .authentication import by_access_key
from .usage_authentication import UsageCaller, by_base_key

MAX_BODY_BYTES = 1024 * 1024
"""Maximum number of bytes of a push: a thousand records of a kilobyte. The interface limits only the number of
records."""

PUSH_ERRORS = ApiErrors(
    table=usage_push.ERRORS,
    envelope=error_envelope,
    not_authenticated=usage_push.AUTH_FAILED,
    too_often=gateway_error("APIGW.0308"),
    internal=usage_push.SYSTEM_ERROR,
)
OLD_PUSH_ERRORS = ApiErrors(
    table=usage_push_old.ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=usage_push_old.ERRORS["MKT.0999"],
)

OLD_CODES: Mapping[Code, str] = {
    Code.NO_INSTANCE: "MKT.0101",
    Code.BAD_TIME: "MKT.0100",
    Code.FOREIGN: "MKT.9001",
    Code.TOO_OLD: "MKT.9004",
}
"""Error codes of the older editions, which name no records.

If all records are refused, the call gets their common code, or ``INVALID_USAGE`` if they differ. If some were stored,
it succeeds.
"""
INVALID_USAGE = "MKT.9002"


@open_api("POST", authentication=by_base_key, errors=PUSH_ERRORS, largest_body=MAX_BODY_BYTES, described=seller.USAGE)
def usage_data(request: ApiRequest) -> Response:
    caller = request.caller
    if not isinstance(caller, UsageCaller):
        raise TypeError("the push is read where its caller is found")
    pushed = VerifiedPush(seller=caller.seller_id, api=Push.Api.NEW, loaded=caller.loaded, nonce=caller.nonce)
    try:
        result = _accept_usage(pushed, request)
    except NonceUsed:
        raise ApiRefused(usage_push.AUTH_FAILED.code, "nonce was used before") from None
    return usage_push.push_response(map(_abnormal, result.refused))


@open_api(
    "POST",
    authentication=by_access_key,
    errors=OLD_PUSH_ERRORS,
    largest_body=MAX_BODY_BYTES,
    described=seller.USAGE_OLD,
)
def usage_data_old(request: ApiRequest) -> Response:
    return _answer_old_push(request, OLD_EDITION, Push.Api.OLD)


@open_api(
    "POST",
    authentication=by_access_key,
    errors=OLD_PUSH_ERRORS,
    largest_body=MAX_BODY_BYTES,
    described=seller.USAGE_2018,
)
def usage_data_2018(request: ApiRequest) -> Response:
    return _answer_old_push(request, EDITION_2018, Push.Api.OF_2018)


def _answer_old_push(request: ApiRequest, edition: Edition, api: Push.Api) -> Response:
    try:
        loaded = load_items(request.request.body, edition)
    except WrongRecordCount as error:
        # Too many records have their own row; no record is an invalid parameter (§C.4, §C.6).
        raise ApiRefused("MKT.9003" if error.count else "MKT.0101", str(error)) from None
    except BadBody as error:
        raise ApiRefused("MKT.0101", str(error)) from None
    result = _accept_usage(VerifiedPush(seller=request.caller.seller_id, api=api, loaded=loaded), request)
    if len(result.refused) == len(loaded.items):
        codes = {_old_code(refused_item.refusal) for refused_item in result.refused}
        code = codes.pop() if len(codes) == 1 else INVALID_USAGE
        raise ApiRefused(code, _message(result.refused[0]), wrong_records=len(result.refused))
    return usage_push_old.push_response()


def _old_code(refusal: Refusal) -> str:
    return INVALID_USAGE if _names_other_product(refusal) else OLD_CODES.get(refusal.code, INVALID_USAGE)


def _names_other_product(refusal: Refusal) -> bool:
    """Return whether the record names another product for the seller's own instance."""
    return refusal.code is Code.FOREIGN and refusal.field == "product_id"


def _accept_usage(pushed: VerifiedPush, request: ApiRequest) -> Accepted:
    settings = config()
    rule = rule_of(
        usage_max_age_days=settings.metering.usage_max_age_days,
        usage_future_skew_seconds=settings.metering.usage_future_skew_seconds,
    )
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return store_push(pushed, rule=rule, zone=zone, now=request.now)


def _abnormal(item: RefusedItem) -> AbnormalRecord:
    return AbnormalRecord(
        metering_sn=item.item.metering_sn,
        instance_id=item.item.instance_id,
        code=item.refusal.code.on_the_wire,
        message=_message(item),
    )


def _message(item: RefusedItem) -> str:
    code, field, differs = item.refusal
    words = MALFORMED.get(code) or ABNORMAL_CODES[code.on_the_wire]
    if _names_other_product(item.refusal):
        words = "the instance belongs to another product"
    if differs:
        words = "another quantity of this instance and time was taken before, and stays"
    return f"{words} ({field})" if field else words
