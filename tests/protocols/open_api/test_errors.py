"""Error tables and the responses that contain them (openapi-jointkit §C.0, §C.2, §C.4; business-rules §11.1)."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.http import Response
from tradepost.protocols.open_api.errors import (
    GATEWAY_ERRORS,
    ORDER_QUERY_ERRORS,
    ApiFailure,
    api_response,
    both_envelopes,
    error_envelope,
    failure_response,
    gateway_error,
    gateway_response,
    precondition_failed,
    read_api_answer,
    result_envelope,
)

JSON_TYPE = ("Content-Type", "application/json")
GOLDEN = json.loads(resources.files("tradepost.protocols.open_api").joinpath("golden/errors.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("order query, invalid parameter", failure_response(ORDER_QUERY_ERRORS["MKT.0101"], both_envelopes)),
        (
            "order query, foreign order",
            failure_response(
                ORDER_QUERY_ERRORS["MKT.0150"],
                both_envelopes,
                detail="The order is of another seller.",
                extra_info={"orderId": "A"},
            ),
        ),
        ("gateway, wrong signature", gateway_response(gateway_error("APIGW.0301"), request_id="r-1")),
        ("gateway, throttled", gateway_response(gateway_error("APIGW.0308"), request_id="r-1", detail="Wait.")),
        ("precondition failed", precondition_failed("MKT.0199", "The order was changed.", both_envelopes)),
    ],
)
def test_golden_failures_are_what_the_code_writes(name, response):
    golden = GOLDEN[name]
    assert (response.status, dict(response.headers), response.body.decode()) == (
        golden["status"],
        golden["headers"],
        golden["body"],
    )


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("MKT.0999", 500, "System internal error."),
        ("MKT.0100", 500, "Failure of input parameter"),
        ("MKT.0101", 400, "Invalid parameter"),
        ("MKT.0199", 400, "Request parameter error"),
        ("MKT.0150", 401, "Illegal operation"),
        ("MKT.0151", 401, "No authority"),
        ("MKT.0154", 401, "Illegal token"),
        ("MKT.0250", 406, "Access frequency overlimit"),
        ("MKT.9001", 500, "Instance ID not found."),
        ("MKT.9002", 500, "Invalid usage enties."),
        ("MKT.9003", 500, "Usage records extends size limit."),
        ("MKT.9004", 500, "Record beginTime extends Limit."),
    ],
)
def test_order_query_errors_section_c_4(code, status, message):
    error = ORDER_QUERY_ERRORS[code]
    assert (error.status, error.code, error.message) == (status, code, message)


def test_extra_info_only_occurs_where_section_c_4_allows_it():
    refused = failure_response(ORDER_QUERY_ERRORS["MKT.0101"], both_envelopes, extra_info={"a": 1})
    assert "extra_info" not in json.loads(refused.body)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("APIG.0101", None, 404),
        ("APIGW.0201", 413, 413),
        ("APIGW.0201", 494, 494),
        ("APIGW.0302", None, 403),
        ("APIGW.0308", None, 429),
        ("APIGW.0607", None, 400),
        ("APIGW.0610", None, 502),
        ("APIGW.0613", None, 503),
    ],
)
def test_gateway_errors_section_c_2(code, status, expected):
    assert gateway_error(code, status).status == expected


def test_gateway_error_that_is_not_in_the_table():
    with pytest.raises(LookupError):
        gateway_error("APIGW.0301", 500)
    assert len({(error.code, error.status) for error in GATEWAY_ERRORS}) == len(GATEWAY_ERRORS)


def test_client_reads_success_and_failure_in_both_envelopes():
    assert read_api_answer(api_response(200, result_envelope("MKT.0000", "Success"))) == {
        "resultCode": "MKT.0000",
        "resultMsg": "Success",
    }
    assert read_api_answer(api_response(200, error_envelope("92020000", "Success"))) == {
        "error_code": "92020000",
        "error_msg": "Success",
    }
    assert read_api_answer(api_response(200, error_envelope("92020003", "illegal state"))) == ApiFailure(
        status=200, code="92020003", message="illegal state"
    )
    assert read_api_answer(api_response(500, result_envelope("MKT.0000", "odd"))) == ApiFailure(
        status=500, code="MKT.0000", message="odd"
    )
    busy = api_response(413, error_envelope("c", "m"), (("Retry-After", "60"),))
    assert read_api_answer(busy) == ApiFailure(status=413, code="c", message="m", retry_after=60)


@given(st.integers(100, 599), st.lists(st.tuples(st.just("Retry-After"), st.text())).map(tuple), st.binary())
def test_client_never_raises_other_errors(status, headers, body):
    assert isinstance(read_api_answer(Response(status, headers, body)), dict | ApiFailure)
