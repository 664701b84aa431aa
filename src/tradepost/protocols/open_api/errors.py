"""Errors of the open APIs as data, and the answers that carry them (openapi-jointkit §C.0, §C.2, §C.4; business-rules
§11.1).

There are two envelopes: the order query has ``resultCode``/``resultMsg``, every other API and the gateway have
``error_code``/``error_msg``. Huawei Cloud's SDKs read only the second for all APIs, so a failure of the order query has
both.
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
    """A row of an error table: HTTP status, code and text."""

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
    ApiError(500, "MKT.9002", "Invalid usage enties."),  # the platform's spelling, which clients compare
    ApiError(500, "MKT.9003", "Usage records extends size limit."),
    ApiError(500, "MKT.9004", "Record beginTime extends Limit."),
)
"""Failures of the order query and, from 9001, of the older usage push (openapi-jointkit §C.4)."""

EXTRA_INFO_CODES = frozenset({"MKT.0100", "MKT.0150", "MKT.0250", "MKT.9001", "MKT.9002", "MKT.9004", "MKT.9005"})
"""Codes that may carry ``extra_info``."""

WRONG_RECORDS = "wrongRecords"
"""Member of ``extra_info`` in a refused usage push: the number of faulty records. Its members are not published, so
this name is specific to this market. It tells the client that every part of the push would be refused, too."""

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
"""Codes and statuses are normative, texts may vary; older gateways print the prefix ``APIG.`` (openapi-jointkit
§C.2)."""


def gateway_error(code: str, status: int | None = None) -> ApiError:
    """Return the row for ``APIGW.0301`` or ``APIG.0301``; ``status`` distinguishes rows with the same code. Raises
    ``LookupError``."""
    number = code.rpartition(".")[2]
    for error in GATEWAY_ERRORS:
        if error.code.endswith(f".{number}") and status in {None, error.status}:
            return error
    raise LookupError(f"no gateway error {code} with status {status}")


# --- envelopes -----------------------------------------------------------------------------------------------------


def result_envelope(code: str, message: str) -> dict[str, object]:
    """Return the envelope of the order query."""
    return {"resultCode": code, "resultMsg": message}


def error_envelope(code: str, message: str) -> dict[str, object]:
    """Return the envelope of every other open API."""
    return {"error_code": code, "error_msg": message}


def both_envelopes(code: str, message: str) -> dict[str, object]:
    """Return the envelope of the order query's failures: the documented one, and the one that SDKs read."""
    return {**result_envelope(code, message), **error_envelope(code, message)}


def api_response(status: int, members: Mapping[str, object], headers: Headers = ()) -> Response:
    """Return the JSON answer of an open API."""
    return Response(status, (("Content-Type", "application/json"), *headers), dump_ascii(members))


def failure_response(error: ApiError, envelope: Envelope, *, detail: str = "", extra_info: object = None) -> Response:
    """Return the answer for a row of a table. ``detail`` follows its text; ``extra_info`` is omitted where it is not
    permitted."""
    members = envelope(error.code, _with_detail(error, detail))
    if extra_info is not None and error.code in EXTRA_INFO_CODES:
        members["extra_info"] = extra_info
    return api_response(error.status, members)


def gateway_response(error: ApiError, *, request_id: str, detail: str = "") -> Response:
    """Return the gateway's answer, with the request's ID so that the operator can find the call."""
    members = error_envelope(error.code, _with_detail(error, detail))
    return api_response(error.status, {**members, "request_id": request_id})


def _with_detail(error: ApiError, detail: str) -> str:
    return f"{error.message.rstrip('.')}: {detail}" if detail else error.message


def precondition_failed(code: str, message: str, envelope: Envelope) -> Response:
    """Return HTTP 412: a condition in the request is not met, so an unchanged retry cannot succeed (§11.1)."""
    return api_response(412, envelope(code, message))


# --- seller side ---------------------------------------------------------------------------------------------------

_SUCCESSES = frozenset({"MKT.0000", "CBC.0000", "92020000"})


@dataclass(frozen=True, slots=True)
class ApiFailure:
    """An answer that is not a success. ``code`` is empty if there was none; ``retry_after`` in seconds, if stated.

    ``wrong_records``: number of faulty records in an older usage push, if the market states it in ``extra_info``.
    """

    status: int
    code: str
    message: str
    retry_after: int | None = None
    wrong_records: int | None = None


def read_api_answer(response: Response) -> dict[str, object] | ApiFailure:
    """Return the members of a successful answer in either envelope, or the failure. Never raises."""
    try:
        members = load_object(response.body)
    except NotJsonObject as error:
        return _failure(response, "", f"the body is not a JSON object: {error}")
    code, message = _first_text(members, "resultCode", "error_code"), _first_text(members, "resultMsg", "error_msg")
    if response.status == 200 and code in _SUCCESSES:
        return members
    return _failure(response, code, message, _wrong_records(members))


def _failure(response: Response, code: str, message: str, wrong_records: int | None = None) -> ApiFailure:
    return ApiFailure(
        status=response.status, code=code, message=message, retry_after=_retry_after(response), wrong_records=wrong_records
    )  # fmt: skip


def _wrong_records(members: Mapping[str, object]) -> int | None:
    extra_info = members.get("extra_info")
    count = extra_info.get(WRONG_RECORDS) if isinstance(extra_info, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _retry_after(response: Response) -> int | None:
    """Return seconds. A date is relative to the answer's own date; HTTP permits both forms."""
    stated_seconds = (response.header("Retry-After") or "").strip()
    if stated_seconds.isascii() and stated_seconds.isdigit():
        return int(stated_seconds) if len(stated_seconds) < 10 else None
    retry_at, now = header_time(response, "Retry-After"), header_time(response, "Date")
    return None if retry_at is None or now is None else max(0, -((now - retry_at) // timedelta(seconds=1)))


def header_time(response: Response, name: str) -> datetime | None:
    """Return the time in a header such as ``Date`` (RFC 822, openapi-jointkit §C.0); None if there is none."""
    try:
        moment = parsedate_to_datetime(response.header(name) or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        # A received text may cause any of these errors; it is then no time.
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _first_text(members: Mapping[str, object], *names: str) -> str:
    return next((value for name in names if isinstance(value := members.get(name), str)), "")
