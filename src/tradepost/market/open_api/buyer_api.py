"""The frame of buyer APIs: permissions, the buyer, refusals with the market's codes, and idempotency.

APIs call the same functions as the pages, so all rules of the pages apply. Objects of other buyers do not exist for the
caller.
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
    refusal_response,
)
from tradepost.protocols.open_api.errors import ApiError, api_response, error_envelope, gateway_error
from tradepost.protocols.wire_json import load_object

from .answers import ApiErrors, ApiRefused, ApiRequest, ResponseReady, open_api
from .buyer_authentication import BuyerCaller, by_buyer_key
from .descriptions import Description
from .models import KeptAnswer

MAX_BODY_BYTES = 64 * 1024
"""Maximum number of bytes of a body: 300 order ids, or a purchase with all parameters."""

BUYER_ERRORS = ApiErrors(
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
"""Error rows for refusals of the market's functions; all others are ``REFUSED``."""

_MEMBERS = {
    "agreed": "accepted_agreements",
    "option": "align_day",
    "periods": "period_num",
    "plan": "product_id",
    "renews": "auto_renew",
}
"""Members of the API by differing names of form fields."""


class BuyerRequest(Struct, frozen=True):
    """An authenticated call of a buyer's program whose key has the required permission."""

    buyer: User
    body: bytes
    path: str
    now: datetime
    rights: frozenset[str] = frozenset()
    """All permissions of the key."""


type BuyerApi = Callable[[BuyerRequest], Response]


def buyer_api(right: Right, described: Description) -> Callable[[BuyerApi], Callable[..., HttpResponse]]:
    """Make a view of a buyer API that requires ``right``."""

    def decorate(api: BuyerApi) -> Callable[..., HttpResponse]:
        @open_api(
            "POST", authentication=by_buyer_key, errors=BUYER_ERRORS, largest_body=MAX_BODY_BYTES, described=described
        )
        @wraps(api)
        def answer(request: ApiRequest) -> Response:
            caller = request.caller
            if not isinstance(caller, BuyerCaller):
                raise TypeError("buyer APIs are called with keys of buyers")
            if right not in caller.rights:
                raise ApiRefused(FORBIDDEN.code, f"the access key lacks the permission {right.value}")
            buyer = User.objects.get(pk=caller.buyer_id)
            with translation.override("en"):  # programs read the messages
                buyer_request = BuyerRequest(
                    buyer, request.request.body, request.http.path_info, request.now, caller.rights
                )
                return _answer(api, buyer_request, described)

        return answer

    return decorate


def _answer(api: BuyerApi, request: BuyerRequest, described: Description) -> Response:
    try:
        return api(request)
    except NotTaken as error:
        raise ApiRefused(error.error.code, error.detail) from None
    except Refused as refusal:
        raise ResponseReady(
            refusal_response(
                _error_of(refusal), str(refusal.message), reason=refusal.code, field=_member(refusal.field, described)
            )
        ) from None


def _member(field: str, described: Description) -> str:
    """Return the member of the body for a form field; empty if there is none."""
    name = "extend_params" if field.startswith("param_") else _MEMBERS.get(field, field)
    return name if described.body is not None and name in described.body["properties"] else ""


def _error_of(refusal: Refused) -> ApiError:
    return _BY_STATUS.get(HTTPStatus(refusal.status), REFUSED)


def not_found(what: str) -> ApiRefused:
    """Return the refusal for a missing object, or one of another buyer."""
    return ApiRefused(NOT_FOUND.code, f"you have no {what} with this id")


def answer_once(request: BuyerRequest, key: str, act: Callable[[], Response]) -> Response:
    """Answer a call with an idempotency key: act on the first call, repeat its answer on later ones.

    The answer is stored in the transaction of the action, so simultaneous calls act once. A refusal rolls back, so a
    later call may succeed.
    """
    members = json.dumps(load_object(request.body), sort_keys=True, default=str)  # decimal numbers become texts
    request_hash = hashlib.sha256(f"{request.path}\n{members}".encode()).hexdigest()
    if (stored_answer := _stored_answer(request.buyer, key)) is not None:
        return _repeat_answer(stored_answer, request_hash)
    try:
        with transaction.atomic():
            row = KeptAnswer.objects.create(
                buyer=request.buyer, key=key, request_hash=request_hash, answered_at=request.now
            )
            response = act()
            row.body = response.body.decode()
            row.save(update_fields=["body"])
    except IntegrityError:
        if (stored_answer := _stored_answer(request.buyer, key)) is None:
            raise
        return _repeat_answer(stored_answer, request_hash)
    return response


def _stored_answer(buyer: User, key: str) -> KeptAnswer | None:
    return KeptAnswer.objects.filter(buyer=buyer, key=key).first()


def _repeat_answer(stored_answer: KeptAnswer, request_hash: str) -> Response:
    if stored_answer.request_hash != request_hash:
        raise ApiRefused(KEY_REUSED.code, "send this request with a new idempotency_key")
    return api_response(HTTPStatus.OK, load_object(stored_answer.body.encode()))
