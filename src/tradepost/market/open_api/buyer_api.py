"""What every buyer API does alike: the key's right, the buyer, refusals with the market's own code, and answers that are repeated.

An API calls the same verbs as the pages, so every rule that a page enforces holds here. What is another buyer's does not exist.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import translation
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.identity.models import User
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.buyer_errors import (
    ERRORS,
    FORBIDDEN,
    INTERNAL,
    INVALID,
    KEY_REUSED,
    NOT_FOUND,
    REFUSED,
    refused,
)
from tradepost.protocols.open_api.errors import ApiError, api_response, error_envelope, gateway_error
from tradepost.protocols.wire_json import load_object

from .answers import Answered, ApiRefused, ApiRequest, Errors, open_api
from .buyer_authentication import BuyerCaller, by_buyer_key
from .described import Described
from .models import KeptAnswer

LARGEST = 64 * 1024
"""Bytes of a body: 300 order ids, or a purchase with all its parameters."""

OF_BUYERS = Errors(
    table=ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=INTERNAL,
)
_BY_STATUS = {
    HTTPStatus.BAD_REQUEST: INVALID,
    HTTPStatus.UNPROCESSABLE_ENTITY: INVALID,
    HTTPStatus.FORBIDDEN: FORBIDDEN,
    HTTPStatus.NOT_FOUND: NOT_FOUND,
}
"""Rows for refusals of the market's verbs; all others are ``REFUSED``."""

_MEMBERS = {
    "agreed": "accepted_agreements",
    "option": "align_day",
    "periods": "period_num",
    "plan": "product_id",
    "renews": "auto_renew",
}
"""Fields of the market's forms whose members have other names."""


class BuyerRequest(Struct, frozen=True):
    """A verified call of a buyer's program whose key has the right for it."""

    buyer: User
    body: bytes
    path: str
    now: datetime
    rights: frozenset[str] = frozenset()
    """Everything that the key may do."""


type BuyerApi = Callable[[BuyerRequest], Response]


def buyer_api(right: Right, described: Described) -> Callable[[BuyerApi], Callable[..., HttpResponse]]:
    """Make a view of a buyer API that needs ``right``."""

    def decorate(api: BuyerApi) -> Callable[..., HttpResponse]:
        @open_api("POST", authentication=by_buyer_key, errors=OF_BUYERS, largest_body=LARGEST, described=described)
        @wraps(api)
        def answer(request: ApiRequest) -> Response:
            caller = request.caller
            if not isinstance(caller, BuyerCaller):
                raise TypeError("buyer APIs are called with keys of buyers")
            if right not in caller.rights:
                raise ApiRefused(FORBIDDEN.code, f"the access key lacks the permission {right.value}")
            buyer = User.objects.get(pk=caller.buyer_id)
            with translation.override("en"):  # a program reads it
                asked = BuyerRequest(buyer, request.request.body, request.http.path_info, request.now, caller.rights)
                return _answer(api, asked, described)

        return answer

    return decorate


def _answer(api: BuyerApi, request: BuyerRequest, described: Described) -> Response:
    try:
        return api(request)
    except NotTaken as wrong:
        raise ApiRefused(wrong.error.code, wrong.detail) from None
    except Refused as why:
        raise Answered(
            refused(_row(why), str(why.message), reason=why.code, field=_member(why.field, described))
        ) from None


def _member(field: str, described: Described) -> str:
    """The member of the body that a field of the market's forms stands for; empty where there is none."""
    name = "extend_params" if field.startswith("param_") else _MEMBERS.get(field, field)
    return name if described.body is not None and name in described.body["properties"] else ""


def _row(why: Refused) -> ApiError:
    return _BY_STATUS.get(HTTPStatus(why.status), REFUSED)


def not_found(what: str) -> ApiRefused:
    """For what does not exist, and for what is another buyer's."""
    return ApiRefused(NOT_FOUND.code, f"you have no {what} with this id")


def once(request: BuyerRequest, key: str, act: Callable[[], Response]) -> Response:
    """Answer a call with an idempotency key: act at the first, give the first answer at each repetition.

    The answer is stored in the transaction that acts, so a repeated call cannot act twice, even at the same moment. A
    refusal rolls everything back: the same call may succeed later.
    """
    members = json.dumps(load_object(request.body), sort_keys=True, default=str)  # numbers with decimals become texts
    asked = hashlib.sha256(f"{request.path}\n{members}".encode()).hexdigest()
    if (kept := _kept(request.buyer, key)) is not None:
        return _repeated(kept, asked)
    try:
        with transaction.atomic():
            row = KeptAnswer.objects.create(buyer=request.buyer, key=key, request_hash=asked, answered_at=request.now)
            response = act()
            row.body = response.body.decode()
            row.save(update_fields=["body"])
    except IntegrityError:
        if (kept := _kept(request.buyer, key)) is None:
            raise
        return _repeated(kept, asked)
    return response


def _kept(buyer: User, key: str) -> KeptAnswer | None:
    return KeptAnswer.objects.filter(buyer=buyer, key=key).first()


def _repeated(kept: KeptAnswer, asked: str) -> Response:
    if kept.request_hash != asked:
        raise ApiRefused(KEY_REUSED.code, "send this request with a new idempotency_key")
    return api_response(HTTPStatus.OK, load_object(kept.body.encode()))
