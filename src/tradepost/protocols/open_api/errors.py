"""Errors of the open APIs as data, and the answers that carry them (openapi-jointkit §C.0, §C.2, §C.4; business-rules §11.1).

Two envelopes exist: the order query says ``resultCode``/``resultMsg``, every other API and the gateway in front of all say
``error_code``/``error_msg``. Huawei Cloud's SDKs look for the second alone, whatever the API, so that a failure of the order
query says both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tradepost.protocols.http import Headers, Response
from tradepost.protocols.wire_json import NotJsonObject, dump_ascii, load_object

type Envelope = Callable[[str, str], dict[str, object]]


@dataclass(frozen=True, slots=True)
class ApiError:
    """One row of an error table: the HTTP status it travels with, its code and its text."""

    status: int
    code: str
    message: str


def _by_code(*errors: ApiError) -> Mapping[str, ApiError]:
    return {error.code: error for error in errors}


ORDER_QUERY_ERRORS: Mapping[str, ApiError] = _by_code(
    ApiError(500, "MKT.0999", "System internal error."),
    ApiError(500, "MKT.0100", "Failure of input parameter"),
    ApiError(400, "MKT.0101", "Invalid parameter"),
    ApiError(400, "MKT.0199", "Request parameter error"),
    ApiError(401, "MKT.0150", "Illegal operation"),
    ApiError(401, "MKT.0151", "No authority"),
    ApiError(401, "MKT.0154", "Illegal token"),
    ApiError(406, "MKT.0250", "Access frequency overlimit"),
    ApiError(500, "MKT.9001", "Instance ID not found."),
    ApiError(500, "MKT.9002", "Invalid usage enties."),  # the platform's own spelling, compared by clients
    ApiError(500, "MKT.9003", "Usage records extends size limit."),
    ApiError(500, "MKT.9004", "Record beginTime extends Limit."),
)
"""Failures of the order query and, from 9001 on, of the older usage push (openapi-jointkit §C.4)."""

EXTRA_INFO_CODES = frozenset({"MKT.0100", "MKT.0150", "MKT.0250", "MKT.9001", "MKT.9002", "MKT.9004", "MKT.9005"})
"""Only these may carry ``extra_info``."""

WRONG_RECORDS = "wrongRecords"
"""In the ``extra_info`` of a refused usage push: how many of its records are at fault. Nothing of its members is published, so
this one is ours: by it a client knows that no part of a push would be taken if it came alone."""

_NOT_PUBLISHED = "The API does not exist or has not been published in the environment."

GATEWAY_ERRORS: tuple[ApiError, ...] = (
    ApiError(404, "APIGW.0101", _NOT_PUBLISHED),
    ApiError(500, "APIGW.0103", "The backend does not exist."),
    ApiError(500, "APIGW.0104", "The plug-ins do not exist."),
    ApiError(500, "APIGW.0105", "The backend configurations do not exist."),
    ApiError(400, "APIGW.0106", "Orchestration error."),
    ApiError(400, "APIGW.0201", "API request error."),
    ApiError(413, "APIGW.0201", "Request entity too large."),
    ApiError(414, "APIGW.0201", "Request URI too large."),
    ApiError(494, "APIGW.0201", "Request headers too large."),
    ApiError(502, "APIGW.0201", "Backend unavailable."),
    ApiError(504, "APIGW.0201", "Backend timeout."),
    ApiError(500, "APIGW.0201", "An unexpected error occurred."),
    ApiError(400, "APIGW.0204", "SSL protocol is not supported: TLSv1.1"),
    ApiError(401, "APIGW.0301", "Incorrect IAM authentication information."),
    ApiError(403, "APIGW.0302", "The IAM user is not authorized to access the API."),
    ApiError(401, "APIGW.0303", "Incorrect app authentication information."),
    ApiError(403, "APIGW.0304", "The app is not authorized to access the API."),
    ApiError(401, "APIGW.0305", "Incorrect authentication information."),
    ApiError(403, "APIGW.0306", "API access denied."),
    ApiError(401, "APIGW.0307", "The token must be updated."),
    ApiError(429, "APIGW.0308", "The throttling threshold has been reached."),
    ApiError(403, "APIGW.0310", "The project is unavailable."),
    ApiError(401, "APIGW.0311", "Incorrect debugging authentication information."),
    ApiError(403, "APIGW.0401", "Unknown client IP address."),
    ApiError(403, "APIGW.0402", "The IP address is not authorized to access the API."),
    ApiError(403, "APIGW.0404", "Access to the backend IP address has been denied."),
    ApiError(405, "APIGW.0501", "The API quota has been used up."),
    ApiError(405, "APIGW.0502", "The app has been frozen."),
    ApiError(500, "APIGW.0601", "Internal server error."),
    ApiError(400, "APIGW.0602", "Bad request."),
    ApiError(500, "APIGW.0605", "Domain name resolution failed."),
    ApiError(500, "APIGW.0606", "Failed to load the API configurations."),
    ApiError(400, "APIGW.0607", "The protocol is not supported."),
    ApiError(500, "APIGW.0608", "Failed to obtain the admin token."),
    ApiError(500, "APIGW.0609", "The VPC backend does not exist."),
    ApiError(502, "APIGW.0610", "No backend available."),
    ApiError(500, "APIGW.0611", "The backend port does not exist."),
    ApiError(500, "APIGW.0612", "An API cannot call itself."),
    ApiError(503, "APIGW.0613", "The IAM service is currently unavailable."),
    ApiError(500, "APIGW.0705", "Backend signature calculation failed."),
    ApiError(403, "APIGW.0802", "The IAM user is forbidden in the currently selected region."),
    ApiError(400, "APIGW.1009", "AppKey or AppSecret is invalid."),
)
"""Codes and statuses are normative, texts may vary; older gateways print the prefix ``APIG.`` (openapi-jointkit §C.2)."""


def gateway_error(code: str, status: int | None = None) -> ApiError:
    """The row for ``APIGW.0301`` or ``APIG.0301``; ``status`` tells rows of one code apart. Raises ``LookupError``."""
    number = code.rpartition(".")[2]
    for error in GATEWAY_ERRORS:
        if error.code.endswith(f".{number}") and status in {None, error.status}:
            return error
    raise LookupError(f"no gateway error {code} with status {status}")


# --- envelopes -----------------------------------------------------------------------------------------------------


def result_envelope(code: str, message: str) -> dict[str, object]:
    """Of the order query."""
    return {"resultCode": code, "resultMsg": message}


def error_envelope(code: str, message: str) -> dict[str, object]:
    """Of every other open API."""
    return {"error_code": code, "error_msg": message}


def both_envelopes(code: str, message: str) -> dict[str, object]:
    """Of the order query's failures: what is documented, and beside it what SDKs make their exceptions of."""
    return {**result_envelope(code, message), **error_envelope(code, message)}


def api_response(status: int, members: Mapping[str, object], headers: Headers = ()) -> Response:
    """An open API's JSON answer."""
    return Response(status, (("Content-Type", "application/json"), *headers), dump_ascii(members))


def failure_response(error: ApiError, envelope: Envelope, *, detail: str = "", extra_info: object = None) -> Response:
    """The answer for a row of a table. ``detail`` follows its text; ``extra_info`` is left out where it may not stand."""
    members = envelope(error.code, _with_detail(error, detail))
    if extra_info is not None and error.code in EXTRA_INFO_CODES:
        members["extra_info"] = extra_info
    return api_response(error.status, members)


def gateway_response(error: ApiError, *, request_id: str, detail: str = "") -> Response:
    """The gateway's answer, which names the request so that the operator can find it."""
    members = error_envelope(error.code, _with_detail(error, detail))
    return api_response(error.status, {**members, "request_id": request_id})


def _with_detail(error: ApiError, detail: str) -> str:
    return f"{error.message.rstrip('.')}: {detail}" if detail else error.message


def precondition_failed(code: str, message: str, envelope: Envelope) -> Response:
    """HTTP 412: a condition that the request states does not hold; asking again unchanged is of no use (§11.1)."""
    return api_response(412, envelope(code, message))


# --- what a seller's client reads ------------------------------------------------------------------------------------

_SUCCESSES = frozenset({"MKT.0000", "CBC.0000", "92020000"})


@dataclass(frozen=True, slots=True)
class ApiFailure:
    """An answer that is not a success. ``code`` is empty when there was none; ``retry_after`` in seconds, when stated.

    ``wrong_records``: of an older usage push how many records are at fault, when the market says so in ``extra_info``.
    """

    status: int
    code: str
    message: str
    retry_after: int | None = None
    wrong_records: int | None = None


def read_api_answer(response: Response) -> dict[str, object] | ApiFailure:
    """The members of a successful answer in either envelope, or the failure. Never raises."""
    try:
        members = load_object(response.body)
    except NotJsonObject as error:
        return _failure(response, "", f"the body is not a JSON object: {error}")
    code, message = _first(members, "resultCode", "error_code"), _first(members, "resultMsg", "error_msg")
    if response.status == 200 and code in _SUCCESSES:
        return members
    return _failure(response, code, message, _wrong_records(members))


def _failure(response: Response, code: str, message: str, wrong_records: int | None = None) -> ApiFailure:
    return ApiFailure(
        status=response.status, code=code, message=message, retry_after=_retry_after(response), wrong_records=wrong_records
    )  # fmt: skip


def _wrong_records(members: Mapping[str, object]) -> int | None:
    extra = members.get("extra_info")
    found = extra.get(WRONG_RECORDS) if isinstance(extra, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _retry_after(response: Response) -> int | None:
    """Seconds, or a date, which is counted from the answer's own: both forms are allowed in HTTP."""
    stated = (response.header("Retry-After") or "").strip()
    if stated.isascii() and stated.isdigit():
        return int(stated) if len(stated) < 10 else None
    then, now = date_of(response, "Retry-After"), date_of(response, "Date")
    return None if then is None or now is None else max(0, -((now - then) // timedelta(seconds=1)))


def date_of(response: Response, name: str) -> datetime | None:
    """The time in a header such as ``Date`` (RFC 822, openapi-jointkit §C.0); None when there is none."""
    try:
        found = parsedate_to_datetime(response.header(name) or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        # A stranger's text: what its reader stumbles over is no time.
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _first(members: Mapping[str, object], *names: str) -> str:
    return next((value for name in names if isinstance(value := members.get(name), str)), "")
