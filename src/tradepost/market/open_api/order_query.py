"""The order query: what did a buyer order, asked by the seller's server when it makes an instance (openapi-jointkit §C.4)."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl

from django.db import transaction
from django.utils.cache import get_conditional_response

from tradepost.market.base.values import replace
from tradepost.market.debugging.api_trials import note_order_query
from tradepost.protocols.http import Response
from tradepost.protocols.open_api import order_query as wire
from tradepost.protocols.open_api.errors import api_response, both_envelopes, precondition_failed
from tradepost.protocols.open_api.mock_orders import mock_order

from . import seller_described as seller
from .answers import OF_ORDER_QUERY, ApiRefused, ApiRequest, open_api
from .authentication import by_access_key
from .orders import order_of_seller
from .received import raw_query

PARAMETERS = frozenset({"orderId", "orderLineId"})
_ID = re.compile(r"[\x21-\x7e]{1,64}")
MOST_PARAMETERS = 100


@open_api("GET", authentication=by_access_key, errors=OF_ORDER_QUERY, described=seller.ORDER_QUERY)
def order_query(request: ApiRequest) -> Response:
    """Everything the seller may not see looks the same: unknown, another seller's, not paid yet, or a line of none of
    its orders is 401 ``MKT.0150``."""
    order_id, line_id = _parameters(raw_query(request.http))
    mock = mock_order(order_id, request.now)
    order = mock or order_of_seller(order_id, request.caller.seller_id, line_number=line_id)
    if mock and line_id and line_id not in {line.order_line_id for line in mock.lines}:
        order = None
    if mock is not None and order is not None:
        with transaction.atomic():
            note_order_query(request.caller.seller_id, order_id, now=request.now)
    if order is None:
        raise ApiRefused(
            "MKT.0150", "there is no such order of yours", parameter="orderLineId" if line_id else "orderId"
        )
    return _conditional(request, api_response(200, wire.dump_answer(order)))


def _parameters(query: str) -> tuple[str, str]:
    """``orderId`` and ``orderLineId``, the latter empty when not given. Raises ``ApiRefused``."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise ApiRefused("MKT.0199", "too many parameters") from None
    names = [name for name, _ in pairs]
    if undeclared := sorted(set(names) - PARAMETERS):
        raise ApiRefused("MKT.0101", f"{undeclared[0][:64]} is not declared")
    if len(names) != len(set(names)):
        raise ApiRefused("MKT.0199", "a parameter is given twice")
    given = dict(pairs)
    if not given.get("orderId"):
        raise ApiRefused("MKT.0101", "orderId is missing")
    for name, value in given.items():
        if value and not _ID.fullmatch(value):
            raise ApiRefused("MKT.0100", f"{name} has 1 to 64 visible ASCII characters", parameter=name)
    return given["orderId"], given.get("orderLineId", "")


def _conditional(request: ApiRequest, response: Response) -> Response:
    """With the answer's ETag: 304 when the seller has it already, 412 when it relies on another one (business-rules §11.1)."""
    etag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    condition = get_conditional_response(request.http, etag=etag)
    if condition is None:
        return replace(response, headers=(*response.headers, ("ETag", etag)))
    if condition.status_code == 304:
        return Response(304, (("ETag", etag),))
    refused = precondition_failed("MKT.0199", "Precondition failed: the order has changed.", both_envelopes)
    return replace(refused, headers=(*refused.headers, ("ETag", etag)))
