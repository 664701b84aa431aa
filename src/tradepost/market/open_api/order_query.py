"""The order query, with which the seller's server gets the order when it creates an instance (openapi-jointkit
§C.4)."""

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

from . import seller_descriptions as seller
from .answers import ORDER_QUERY_FAILURES, ApiRefused, ApiRequest, open_api
from .authentication import by_access_key
from .orders import order_of_seller
from .request_parts import raw_query

PARAMETERS = frozenset({"orderId", "orderLineId"})
_ID = re.compile(r"[\x21-\x7e]{1,64}")
MAX_PARAMETERS = 100


@open_api("GET", authentication=by_access_key, errors=ORDER_QUERY_FAILURES, described=seller.ORDER_QUERY)
def order_query(request: ApiRequest) -> Response:
    """Answer the query. Orders that the seller may not see get 401 ``MKT.0150``.

    They are unknown, unpaid or another seller's orders, and unknown lines.
    """
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
    return _with_etag(request, api_response(200, wire.dump_answer(order)))


def _parameters(query: str) -> tuple[str, str]:
    """Return ``orderId`` and ``orderLineId``, the latter possibly empty. Raises ``ApiRefused``."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise ApiRefused("MKT.0199", "too many parameters") from None
    names = [name for name, _ in pairs]
    if undeclared_names := sorted(set(names) - PARAMETERS):
        raise ApiRefused("MKT.0101", f"{undeclared_names[0][:64]} is not declared")
    if len(names) != len(set(names)):
        raise ApiRefused("MKT.0199", "a parameter is given twice")
    parameters = dict(pairs)
    if not parameters.get("orderId"):
        raise ApiRefused("MKT.0101", "orderId is missing")
    for name, value in parameters.items():
        if value and not _ID.fullmatch(value):
            raise ApiRefused("MKT.0100", f"{name} has 1 to 64 visible ASCII characters", parameter=name)
    return parameters["orderId"], parameters.get("orderLineId", "")


def _with_etag(request: ApiRequest, response: Response) -> Response:
    """Add the ETag: 304 if the seller has the current answer, 412 if it relies on another one (business-rules
    §11.1)."""
    etag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    condition = get_conditional_response(request.http, etag=etag)
    if condition is None:
        return replace(response, headers=(*response.headers, ("ETag", etag)))
    if condition.status_code == 304:
        return Response(304, (("ETag", etag),))
    precondition_response = precondition_failed(
        "MKT.0199", "Precondition failed: the order has changed.", both_envelopes
    )
    return replace(precondition_response, headers=(*precondition_response.headers, ("ETag", etag)))
