"""The usage push, new edition: metered consumption of on-demand instances, signed with the base key (openapi-jointkit §C.5).

Bad values are no reason to refuse a call: they are accepted, judged in the background and shown to the seller. Only what
cannot be read as records at all is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from tradepost.protocols.freshness import epoch_ms, is_fresh, read_epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256_base64, same_text, utf8
from tradepost.protocols.http import Request, Response
from tradepost.protocols.stamped import NONCE_LENGTH
from tradepost.protocols.wire_fields import Field, Kind
from tradepost.protocols.wire_json import NotJsonObject, dump_sorted, first_signed, load_object

from .bodies import ApiRefused, BadBody, BadValue, Members, check, given, kept, objects, read, success, text
from .errors import ApiError, ApiFailure, read_api_answer
from .signing import SKEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradepost.protocols.contract import NonceSeen

PATH = "/api/mkp-openapi-public/global/v1/isv/usage-data"
SUCCESS = "MKT.0000"
MAX_RECORDS = 1000
DECIMALS = 4
_TOO_MUCH = Decimal(10) ** 8
"""Double(12,4): openapi-jointkit §C.5."""

NONCE_KEPT = 2 * SKEW + timedelta(seconds=5)
"""How long the market remembers nonces: as long as the two stamps of one nonce can both be fresh."""

SYSTEM_ERROR = ApiError(500, "94060001", "System error!")
AUTH_FAILED = ApiError(401, "94060002", "Auth failed!")
PARAM_INVALID = ApiError(400, "94060004", "Param invalid")
TIME_INVALID = ApiError(400, "94060005", "Time format invalid")
ERRORS: Mapping[str, ApiError] = {
    error.code: error for error in (SYSTEM_ERROR, AUTH_FAILED, PARAM_INVALID, TIME_INVALID)
}
"""94060003 exists; its meaning and status are not known."""

SOME_FAILED = "94060999"
"""With HTTP 200 and the reason of each record beside it (saas-v1-license §A2.9)."""

DUPLICATE = "94060010"
ABNORMAL: Mapping[str, str] = {
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
"""Why a record is not billed (saas-v1-license §A2.9): found in the background, shown with the record."""

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
    """``instance_id`` is the on-demand instance; a stop-when-used-up package to deduct from is ``package_instance_id``.

    ``value`` is above 0 with at most 4 decimals when it is sent; what arrives may be any number.
    """

    instance_id: str
    recorded_at: datetime
    begin_at: datetime
    end_at: datetime
    value: Decimal
    metering_sn: str
    package_instance_id: str = ""

    def dump(self) -> dict[str, object]:
        """Raises ``ValueError`` for a value that the field cannot hold."""
        return {
            "instance_id": self.instance_id,
            "record_time": dump_time(self.recorded_at),
            "begin_time": dump_time(self.begin_at),
            "end_time": dump_time(self.end_at),
            "usage_value": dump_value(self.value),
            "metering_sn": self.metering_sn,
            **given(relate_pkg_instance=self.package_instance_id),
        }

    @classmethod
    def load(cls, members: Members) -> UsageRecord:
        """From members that keep to the table. Raises ``BadTime`` and ``BadBody``."""
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
    """A record that was found bad at once. The names on the wire are ours: the platform's are not published."""

    metering_sn: str
    instance_id: str
    code: str
    message: str


class BadTime(BadValue):
    """A time that is not like 20240101T000000Z: the one mistake with a code of its own."""


class WrongCount(BadBody):
    """No record at all, or too many. ``count``: how many came."""

    def __init__(self, message: str, count: int = 0) -> None:
        super().__init__(message)
        self.count = count


def dump_time(at: datetime) -> str:
    """``20240101T000000Z``. Raises ``ValueError`` for a naive time."""
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
    """A text, as the Chinese pages have it (the international ones have a number; a reader takes both)."""
    if not value.is_finite() or not 0 < value < _TOO_MUCH or value != round(value, DECIMALS):
        raise ValueError(f"usage_value is {value}: it must be above 0, with at most {DECIMALS} decimals")
    # Zeros that say nothing are kept as the seller wrote them, while they fit.
    written = f"{value:f}"
    return written if len(written.partition(".")[2]) <= DECIMALS else f"{round(value, DECIMALS):f}"


def load_value(members: Members) -> Decimal:
    try:
        value = Decimal(str(members.get("usage_value")))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise BadValue("usage_value is not a number")
    return value


# --- seller side ---------------------------------------------------------------------------------------------------


def push_signature(*, key: str, ts: str, nonce: str, body: bytes) -> str:
    """Base64; the body that is signed is the body that is sent."""
    return hmac_sha256_base64(key, utf8(f"ts={ts}&nonce={nonce}&body=") + body)


def push_request(records: Iterable[UsageRecord], *, market: str, key: str, now: datetime, nonce: str) -> Request:
    """The signed call. ``market``: scheme and host; ``key``: of the base interfaces. Raises ``ValueError``."""
    dumped = [record.dump() for record in records]
    if not 1 <= len(dumped) <= MAX_RECORDS:
        raise ValueError(f"a push carries 1 to {MAX_RECORDS} records, not {len(dumped)}")
    body = dump_sorted(kept(BODY, {"usage_records": dumped}))
    ts = str(epoch_ms(now))
    headers = (
        ("Content-Type", "application/json"),
        ("signature", push_signature(key=key, ts=ts, nonce=nonce, body=body)),
        ("ts", ts),
        ("nonce", nonce),
    )
    return Request("POST", f"{market.rstrip('/')}{PATH}", headers, body)


def read_pushed(response: Response) -> tuple[AbnormalRecord, ...] | ApiFailure:
    """Records that the market found bad at once (usually none: it looks later), or the failure. Never raises.

    A failure that names its records is no failure of the call: the others were taken.
    """
    answer = read_api_answer(response)
    if not isinstance(answer, ApiFailure):
        return _abnormal(answer)
    if (answer.status, answer.code) == (200, SOME_FAILED):
        return _abnormal(load_object(response.body)) or answer
    return answer


def _abnormal(members: Members) -> tuple[AbnormalRecord, ...]:
    listed = members.get("abnormal_usage_data")
    return tuple(_load_abnormal(item) for item in listed if isinstance(item, dict)) if isinstance(listed, list) else ()


def _load_abnormal(item: Members) -> AbnormalRecord:
    return AbnormalRecord(
        metering_sn=text(item, "metering_sn"),
        instance_id=text(item, "instance_id"),
        code=text(item, "error_code"),
        message=text(item, "error_msg"),
    )


# --- market side ---------------------------------------------------------------------------------------------------


def claimed_instances(body: bytes) -> tuple[str, ...]:
    """The instances that an unverified body is about: whose owner's key to verify with. Never raises.

    The call names no seller, so this is the only way to find the key. All must belong to one.
    """
    try:
        records = load_object(body).get("usage_records")
    except NotJsonObject:
        return ()
    found = (
        [record.get("instance_id") for record in records[:MAX_RECORDS] if isinstance(record, dict)]
        if isinstance(records, list)
        else []
    )
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and 0 < len(name) <= 64))


def open_push(
    request: Request, *, key: str, now: datetime, nonce_seen: NonceSeen, window: timedelta = SKEW
) -> tuple[UsageRecord, ...]:
    """The records of a call that carries the signature of ``key``. Raises ``ApiRefused`` and nothing else.

    ``window``: how far ``ts`` may be from now; none is documented, so it is that of the AK/SK signature.
    """
    _check_signature(request, key=key, now=now, nonce_seen=nonce_seen, window=window)
    return load_records(request.body)


def load_records(body: bytes) -> tuple[UsageRecord, ...]:
    """Raises ``ApiRefused`` with a row of the table."""
    try:
        return tuple(UsageRecord.load(item) for item in listed_records(body, BODY, "usage_records"))
    except BadTime as error:
        raise ApiRefused(TIME_INVALID, str(error)) from None
    except BadBody as error:
        raise ApiRefused(PARAM_INVALID, str(error)) from None


def listed_records(body: bytes, table: tuple[Field, ...], name: str) -> list[Members]:
    """Between 1 and 1000 items of the list, each in keeping with its table. Raises ``BadBody``."""
    members = read(body)
    listed = members.get(name)
    if isinstance(listed, list) and not 1 <= len(listed) <= MAX_RECORDS:
        raise WrongCount(f"{name} holds {len(listed)} records, 1 to {MAX_RECORDS} are allowed", len(listed))
    check(table, members)
    return list(objects(members, name))


def pushed(abnormal: Iterable[AbnormalRecord] = ()) -> Response:
    """The answer to an accepted call."""
    listed = [
        {
            "metering_sn": record.metering_sn,
            "instance_id": record.instance_id,
            "error_code": record.code,
            "error_msg": record.message[:255],
        }
        for record in abnormal
    ]
    return success(SUCCESS, "Success", {"abnormal_usage_data": listed} if listed else None)


def matching_key(request: Request, keys: Sequence[str]) -> str | None:
    """The first of the keys that the body was signed with: as it came, by all of them, before its other forms are made."""
    ts, nonce, signature = (_header(request, name) for name in ("ts", "nonce", "signature"))
    used = [key for key in keys if key]  # an empty key would make the signature computable by anyone
    if not used:
        return None

    def signer(form: bytes) -> str | None:
        return next(
            (key for key in used if same_text(signature, push_signature(key=key, ts=ts, nonce=nonce, body=form))), None
        )

    return first_signed(request.body, signer)


def _header(request: Request, name: str) -> str:
    return (request.header(name) or "").strip()


def check_head(request: Request, *, now: datetime, window: timedelta) -> str:
    """Whether time stamp, nonce and signature are there, as far as that shows without a key and a body. Gives the nonce.

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
    # Only now: an unsigned request must not be able to burn a nonce.
    if nonce_seen(nonce, now + 2 * window + timedelta(seconds=5)):
        raise ApiRefused(AUTH_FAILED, "nonce was used before")
