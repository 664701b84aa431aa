"""The usage push, new edition: metered consumption of on-demand instances, signed with the base key (openapi-jointkit
§C.5).

Bad values do not refuse a call: the records are accepted, judged in the background and shown to the seller. Only a body
that contains no readable records is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tradepost.protocols.freshness import epoch_ms, is_fresh, read_epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256_base64, same_text, utf8
from tradepost.protocols.http import Request, Response
from tradepost.protocols.stamped import NONCE_LENGTH
from tradepost.protocols.wire_fields import Field, Kind
from tradepost.protocols.wire_json import NotJsonObject, dump_sorted, first_matching_form, load_object
from tradepost.protocols.wire_number import decimal_of

from .bodies import (
    ApiRefused,
    BadBody,
    BadValue,
    Members,
    check_members,
    objects,
    parse_body,
    success,
    text,
    validated,
    without_empty,
)
from .errors import ApiError, ApiFailure, read_api_answer
from .signing import MAX_SKEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradepost.protocols.contract import NonceSeen

PATH = "/api/mkp-openapi-public/global/v1/isv/usage-data"
SUCCESS = "MKT.0000"
MAX_RECORDS = 1000
DECIMALS = 4
_VALUE_LIMIT = Decimal(100_000_000)
"""Double(12,4): openapi-jointkit §C.5."""

SYSTEM_ERROR = ApiError(500, "94060001", "System error!")
AUTH_FAILED = ApiError(401, "94060002", "Auth failed!")
PARAM_INVALID = ApiError(400, "94060004", "Param invalid")
TIME_INVALID = ApiError(400, "94060005", "Time format invalid")
ERRORS: Mapping[str, ApiError] = {
    error.code: error for error in (SYSTEM_ERROR, AUTH_FAILED, PARAM_INVALID, TIME_INVALID)
}
"""94060003 exists; its meaning and status are not known."""

SOME_RECORDS_FAILED = "94060999"
"""With HTTP 200 and the reason of each record (saas-v1-license §A2.9)."""

DUPLICATE = "94060010"
ABNORMAL_CODES: Mapping[str, str] = {
    "94060006": "the product has left the market",
    "94060007": "the record is expired",
    "94060009": "the instance is not one of this seller",
    DUPLICATE: "the record is a duplicate",
    "94060011": "the time range is invalid",
    "94060012": "the instance is not pay-per-use",
    "94060013": "the state of the resource is abnormal",
    "94060014": "the resource is closed",
    "94060015": "the record begins before the resource was opened",
}
"""Why a record is not billed (saas-v1-license §A2.9); determined in the background and shown with the record."""

RECORD = (
    Field("instance_id", 64),
    Field("record_time", 17),
    Field("begin_time", 17),
    Field("end_time", 17),
    Field("usage_value", 20, kind=Kind.DECIMAL),
    Field("metering_sn", 64),
    Field("relate_pkg_instance", 64, mandatory=False),
)
BODY = (Field("usage_records", kind=Kind.LIST, members=RECORD),)
_TIMES = {"record_time", "begin_time", "end_time"}
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """``instance_id`` is the on-demand instance; ``package_instance_id`` is the stop-when-used-up package to deduct
    from.

    ``value`` is above 0 with at most 4 decimals when sent; a received value may be any number.
    """

    instance_id: str
    recorded_at: datetime
    begin_at: datetime
    end_at: datetime
    value: Decimal
    metering_sn: str
    package_instance_id: str = ""

    def dump(self) -> dict[str, object]:
        """Return the members. Raises ``ValueError`` for a value that the field cannot hold."""
        return {
            "instance_id": self.instance_id,
            "record_time": dump_time(self.recorded_at),
            "begin_time": dump_time(self.begin_at),
            "end_time": dump_time(self.end_at),
            "usage_value": dump_value(self.value),
            "metering_sn": self.metering_sn,
            **without_empty(relate_pkg_instance=self.package_instance_id),
        }

    @classmethod
    def load(cls, members: Members) -> UsageRecord:
        """Parse validated members. Raises ``BadTime`` and ``BadBody``."""
        return cls(
            instance_id=text(members, "instance_id"),
            recorded_at=load_time(members, "record_time"),
            begin_at=load_time(members, "begin_time"),
            end_at=load_time(members, "end_time"),
            value=load_value(members),
            metering_sn=text(members, "metering_sn"),
            package_instance_id=text(members, "relate_pkg_instance"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbnormalRecord:
    """A record that was found invalid at once. The names on the wire are this market's, since the platform's are not
    published."""

    metering_sn: str
    instance_id: str
    code: str
    message: str


class BadTime(BadValue):
    """A time is not like 20240101T000000Z; the only fault with its own code."""


class WrongRecordCount(BadBody):
    """The push has no record or too many. ``count``: the number received."""

    def __init__(self, message: str, count: int = 0) -> None:
        super().__init__(message)
        self.count = count


def dump_time(at: datetime) -> str:
    """Return a time like ``20240101T000000Z``. Raises ``ValueError`` for a naive time."""
    if at.tzinfo is None:
        raise ValueError("a time on the wire must be aware")
    utc = at.astimezone(UTC)
    return f"{utc.year:04}{utc.month:02}{utc.day:02}T{utc.hour:02}{utc.minute:02}{utc.second:02}Z"


def load_time(members: Members, name: str) -> datetime:
    match = _TIME.fullmatch(text(members, name))
    try:
        if match:
            year, month, day, hour, minute, second = map(int, match.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        pass
    raise BadTime(f"{name} is not a UTC time like 20240101T000000Z")


def dump_value(value: Decimal) -> str:
    """Return a text, as on the Chinese pages (the international pages have a number; the reader accepts both)."""
    if not value.is_finite() or not 0 < value < _VALUE_LIMIT or value != round(value, DECIMALS):
        raise ValueError(
            f"usage_value is {value}: it must be above 0 and below {_VALUE_LIMIT}, with at most {DECIMALS} decimals"
        )
    # Trailing zeros are kept as the seller wrote them if they fit.
    text = f"{value:f}"
    return text if len(text.partition(".")[2]) <= DECIMALS else f"{round(value, DECIMALS):f}"


def load_value(members: Members) -> Decimal:
    value = decimal_of(members.get("usage_value"))
    if value is None:
        raise BadValue("usage_value is not a number")
    return value


# --- seller side ---------------------------------------------------------------------------------------------------


def push_signature(*, key: str, ts: str, nonce: str, body: bytes) -> str:
    """Return the signature in Base64. The signed body is the body sent."""
    return hmac_sha256_base64(key, utf8(f"ts={ts}&nonce={nonce}&body=") + body)


def push_request(records: Iterable[UsageRecord], *, market: str, key: str, now: datetime, nonce: str) -> Request:
    """Return the signed call. ``market``: scheme and host; ``key``: of the base interfaces. Raises ``ValueError``."""
    dumped_records = [record.dump() for record in records]
    if not 1 <= len(dumped_records) <= MAX_RECORDS:
        raise ValueError(f"a push carries 1 to {MAX_RECORDS} records, not {len(dumped_records)}")
    body = dump_sorted(validated(BODY, {"usage_records": dumped_records}))
    ts = str(epoch_ms(now))
    headers = (
        ("Content-Type", "application/json"),
        ("signature", push_signature(key=key, ts=ts, nonce=nonce, body=body)),
        ("ts", ts),
        ("nonce", nonce),
    )
    return Request("POST", f"{market.rstrip('/')}{PATH}", headers, body)


def read_pushed(response: Response) -> tuple[AbnormalRecord, ...] | ApiFailure:
    """Return the records that the market found invalid at once (usually none, since it checks later), or the failure.
    Never raises.

    If a failure names records, the call succeeded and the other records were accepted.
    """
    answer = read_api_answer(response)
    if not isinstance(answer, ApiFailure):
        return _abnormal(answer)
    if (answer.status, answer.code) == (200, SOME_RECORDS_FAILED):
        return _abnormal(load_object(response.body)) or answer
    return answer


def _abnormal(members: Members) -> tuple[AbnormalRecord, ...]:
    entries = members.get("abnormal_usage_data")
    return (
        tuple(_load_abnormal(item) for item in entries if isinstance(item, dict)) if isinstance(entries, list) else ()
    )


def _load_abnormal(item: Members) -> AbnormalRecord:
    return AbnormalRecord(
        metering_sn=text(item, "metering_sn"),
        instance_id=text(item, "instance_id"),
        code=text(item, "error_code"),
        message=text(item, "error_msg"),
    )


# --- market side ---------------------------------------------------------------------------------------------------


def claimed_instances(body: bytes) -> tuple[str, ...]:
    """Return the instances in an unverified body, whose owner's key verifies the call. Never raises.

    The call does not name a seller, so this is the only way to find the key. All instances must have the same seller.
    """
    try:
        records = load_object(body).get("usage_records")
    except NotJsonObject:
        return ()
    instances = (
        [record.get("instance_id") for record in records[:MAX_RECORDS] if isinstance(record, dict)]
        if isinstance(records, list)
        else []
    )
    return tuple(dict.fromkeys(name for name in instances if isinstance(name, str) and 0 < len(name) <= 64))


def open_push(
    request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen, window: timedelta = MAX_SKEW
) -> tuple[UsageRecord, ...]:
    """Return the records of a call that is signed with ``key``. Raises only ``ApiRefused``.

    ``window``: permitted difference of ``ts`` from now. None is documented, so it is that of the AK/SK signature.
    """
    _check_signature(request, key=key, now=now, nonce_seen=nonce_seen, window=window)
    return load_records(request.body)


def load_records(body: bytes) -> tuple[UsageRecord, ...]:
    """Parse the records. Raises ``ApiRefused`` with a row of the table."""
    try:
        return tuple(UsageRecord.load(item) for item in listed_records(body, BODY, "usage_records"))
    except BadTime as error:
        raise ApiRefused(TIME_INVALID, str(error)) from None
    except BadBody as error:
        raise ApiRefused(PARAM_INVALID, str(error)) from None


def listed_records(body: bytes, table: tuple[Field, ...], name: str) -> list[Members]:
    """Return the 1 to 1,000 items of the list after validation. Raises ``BadBody``."""
    members = parse_body(body)
    entries = members.get(name)
    if isinstance(entries, list) and not 1 <= len(entries) <= MAX_RECORDS:
        raise WrongRecordCount(f"{name} holds {len(entries)} records, 1 to {MAX_RECORDS} are allowed", len(entries))
    check_members(table, members)
    return list(objects(members, name))


def push_response(abnormal: Iterable[AbnormalRecord] = ()) -> Response:
    """Return the answer to an accepted call."""
    entries = [
        {
            "metering_sn": record.metering_sn,
            "instance_id": record.instance_id,
            "error_code": record.code,
            "error_msg": record.message[:255],
        }
        for record in abnormal
    ]
    return success(SUCCESS, "Success", {"abnormal_usage_data": entries} if entries else None)


def matching_key(request: Request, keys: Sequence[str]) -> str | None:
    """Return the first key that signed the body. All keys are tried on the received bytes before other forms of the
    body."""
    ts, nonce, signature = (_header(request, name) for name in ("ts", "nonce", "signature"))
    usable_keys = [key for key in keys if key]  # with an empty key, anyone could compute the signature
    if not usable_keys:
        return None

    def signer(form: bytes) -> str | None:
        return next(
            (
                key
                for key in usable_keys
                if same_text(signature, push_signature(key=key, ts=ts, nonce=nonce, body=form))
            ),
            None,
        )

    return first_matching_form(request.body, signer)


def _header(request: Request, name: str) -> str:
    return (request.header(name) or "").strip()


def check_head(request: Request, *, now: datetime, window: timedelta) -> str:
    """Check that timestamp, nonce and signature are present and plausible, without a key or a body. Return the nonce.

    Raises ``ApiRefused``.
    """
    ts, nonce = _header(request, "ts"), _header(request, "nonce")
    milliseconds = read_epoch_ms(ts)
    if milliseconds is None:
        raise ApiRefused(AUTH_FAILED, "the header ts is not a number of milliseconds")
    if not is_fresh(milliseconds, now, window):
        minutes = int(window.total_seconds() // 60)
        raise ApiRefused(AUTH_FAILED, f"ts is more than {minutes} minutes from the market's clock")
    if not nonce or len(nonce) > NONCE_LENGTH:
        raise ApiRefused(AUTH_FAILED, f"the header nonce must have 1 to {NONCE_LENGTH} characters")
    return nonce


def _check_signature(request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen, window: timedelta) -> None:
    nonce = check_head(request, now=now, window=window)
    if matching_key(request, [key]) is None:
        raise ApiRefused(AUTH_FAILED, "the signature does not match")
    # Last: an unsigned request must not be able to use up a nonce. It is remembered as long as two timestamps with the
    # same nonce can both be valid.
    if nonce_seen(nonce, now + 2 * window + timedelta(seconds=5)):
        raise ApiRefused(AUTH_FAILED, "nonce was used before")
