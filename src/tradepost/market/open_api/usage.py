"""The usage pushes: the new edition, signed with the seller's base key, and the older ones, with AK/SK (openapi-jointkit §C.5, §C.6).

An answer goes out after the records are committed; each refused one is named, and none refuses its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.utils import timezone

from tradepost.market.base.config import config
from tradepost.market.metering.intake import NonceUsed, Pushed, Taken, rule_of, take
from tradepost.market.metering.intake import Refused as RefusedItem
from tradepost.market.metering.judge import Code, Refusal
from tradepost.market.metering.models import Push
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import usage_push, usage_push_old
from tradepost.protocols.open_api.bodies import BadBody
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.usage_items import MALFORMED, OF_2018, OLD, Edition, load_each
from tradepost.protocols.open_api.usage_push import ABNORMAL, AbnormalRecord, WrongCount

from . import seller_described as seller
from .answers import ApiRefused, ApiRequest, Errors, open_api
from .authentication import by_access_key
from .usage_authentication import UsageCaller, by_base_key

LARGEST = 1024 * 1024
"""Bytes of a push: a thousand records of a kilobyte each. The interface states records, and no bytes."""

OF_PUSH = Errors(
    table=usage_push.ERRORS,
    envelope=error_envelope,
    not_authenticated=usage_push.AUTH_FAILED,
    too_often=gateway_error("APIGW.0308"),
    internal=usage_push.SYSTEM_ERROR,
)
OF_OLD_PUSH = Errors(
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
"""The older editions name no records. If all records are wrong, the call is answered with their common row, or with
``INVALID_USAGE`` if they differ; if some were stored, it is a success."""
INVALID_USAGE = "MKT.9002"


@open_api("POST", authentication=by_base_key, errors=OF_PUSH, largest_body=LARGEST, described=seller.USAGE)
def usage_data(request: ApiRequest) -> Response:
    caller = request.caller
    if not isinstance(caller, UsageCaller):
        raise TypeError("the push is read where its caller is found")
    pushed = Pushed(seller=caller.seller_id, api=Push.Api.NEW, loaded=caller.loaded, nonce=caller.nonce)
    try:
        taken = _take(pushed, request)
    except NonceUsed:
        raise ApiRefused(usage_push.AUTH_FAILED.code, "nonce was used before") from None
    return usage_push.pushed(map(_abnormal, taken.refused))


@open_api("POST", authentication=by_access_key, errors=OF_OLD_PUSH, largest_body=LARGEST, described=seller.USAGE_OLD)
def usage_data_old(request: ApiRequest) -> Response:
    return _pushed_old(request, OLD, Push.Api.OLD)


@open_api("POST", authentication=by_access_key, errors=OF_OLD_PUSH, largest_body=LARGEST, described=seller.USAGE_2018)
def usage_data_2018(request: ApiRequest) -> Response:
    return _pushed_old(request, OF_2018, Push.Api.OF_2018)


def _pushed_old(request: ApiRequest, edition: Edition, api: Push.Api) -> Response:
    try:
        loaded = load_each(request.request.body, edition)
    except WrongCount as error:
        # Too many have a row of their own; none at all is an invalid parameter (§C.4, §C.6).
        raise ApiRefused("MKT.9003" if error.count else "MKT.0101", str(error)) from None
    except BadBody as error:
        raise ApiRefused("MKT.0101", str(error)) from None
    taken = _take(Pushed(seller=request.caller.seller_id, api=api, loaded=loaded), request)
    if len(taken.refused) == len(loaded.items):
        codes = {_old_code(one.refusal) for one in taken.refused}
        code = codes.pop() if len(codes) == 1 else INVALID_USAGE
        raise ApiRefused(code, _words(taken.refused[0]), wrong_records=len(taken.refused))
    return usage_push_old.pushed()


def _old_code(refusal: Refusal) -> str:
    return INVALID_USAGE if _names_other_product(refusal) else OLD_CODES.get(refusal.code, INVALID_USAGE)


def _names_other_product(refusal: Refusal) -> bool:
    """Whether the instance is the seller's own, and the record names another product than it belongs to."""
    return refusal.code is Code.FOREIGN and refusal.field == "product_id"


def _take(pushed: Pushed, request: ApiRequest) -> Taken:
    settings = config()
    rule = rule_of(
        usage_max_age_days=settings.usage_max_age_days, usage_future_skew_seconds=settings.usage_future_skew_seconds
    )
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return take(pushed, rule=rule, zone=zone, now=request.now)


def _abnormal(refused: RefusedItem) -> AbnormalRecord:
    return AbnormalRecord(
        metering_sn=refused.item.metering_sn,
        instance_id=refused.item.instance_id,
        code=refused.refusal.code.on_the_wire,
        message=_words(refused),
    )


def _words(refused: RefusedItem) -> str:
    code, field, differs = refused.refusal
    words = MALFORMED.get(code) or ABNORMAL[code.on_the_wire]
    if _names_other_product(refused.refusal):
        words = "the instance belongs to another product"
    if differs:
        words = "another quantity of this instance and time was taken before, and stays"
    return f"{words} ({field})" if field else words
