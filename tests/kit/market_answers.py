"""Answers of the test market for the client, and records pushed to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tradepost.kit.usage import UsageRecord
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.errors import api_response, result_envelope
from tradepost.protocols.open_api.mock_orders import mock_order
from tradepost.protocols.open_api.order_query import dump_answer

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ORDER = mock_order("MOCKPERIODYEARNEW", NOW)


def found() -> Response:
    assert ORDER is not None
    return api_response(200, dump_answer(ORDER))


def failed(status: int, code: str, **headers: str) -> Response:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return api_response(status, result_envelope(code, "words"), pairs)


RECORD = UsageRecord(
    record_id="sn-1",
    instance_id="i-1",
    begins_at=NOW - timedelta(hours=2),
    ends_at=NOW - timedelta(hours=1),
    recorded_at=NOW,
    value=Decimal("99.5"),
    package_id="p-1",
    product_id="OFFI1",
)
