"""The older usage pushes: signed with AK/SK, and the format of 2018 that only very old clients send (openapi-jointkit
§C.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import ApiRefused, BadBody, BadValue, Members, post, success, text, validated, without_empty
from .errors import ORDER_QUERY_ERRORS, ApiError
from .usage_push import MAX_RECORDS, WrongRecordCount, dump_time, dump_value, listed_records, load_time, load_value

PATH = "/rest/marketplace/v1/isv/usage-data"
SUCCESS = "MKT.0000"

BAD_BODY_SIGN = ApiError(400, "MKT.0102", "Invalid body sign")
ERRORS: Mapping[str, ApiError] = {
    **{code: error for code, error in ORDER_QUERY_ERRORS.items() if code != "MKT.0250"},
    BAD_BODY_SIGN.code: BAD_BODY_SIGN,
}
_INVALID, _ILLEGAL, _TOO_MANY = ERRORS["MKT.0101"], ERRORS["MKT.0100"], ERRORS["MKT.9003"]

RECORD = (
    Field("instance_id", 64),
    Field("product_id", 64),
    Field("record_time", 17),
    Field("begin_time", 17),
    Field("end_time", 17),
    Field("usage_value", 20, kind=Kind.DECIMAL),
    Field("relate_pkg_instance", 64, mandatory=False),
)
BODY = (Field("usage_records", kind=Kind.LIST, members=RECORD),)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldUsageRecord:
    """Like the new record, but with the product and without a serial number."""

    instance_id: str
    product_id: str
    recorded_at: datetime
    begin_at: datetime
    end_at: datetime
    value: Decimal
    package_instance_id: str = ""

    def dump(self) -> dict[str, object]:
        """Return the members. Raises ``ValueError`` for a value that the field cannot hold."""
        return {
            "instance_id": self.instance_id,
            "product_id": self.product_id,
            "record_time": dump_time(self.recorded_at),
            "begin_time": dump_time(self.begin_at),
            "end_time": dump_time(self.end_at),
            "usage_value": dump_value(self.value),
            **without_empty(relate_pkg_instance=self.package_instance_id),
        }

    @classmethod
    def load(cls, members: Members) -> OldUsageRecord:
        """Parse validated members. Raises ``BadBody``."""
        return cls(
            instance_id=text(members, "instance_id"),
            product_id=text(members, "product_id"),
            recorded_at=load_time(members, "record_time"),
            begin_at=load_time(members, "begin_time"),
            end_at=load_time(members, "end_time"),
            value=load_value(members),
            package_instance_id=text(members, "relate_pkg_instance"),
        )


def push_request(records: Iterable[OldUsageRecord], *, market: str) -> Request:
    """Return the call, to be signed with AK/SK. Raises ``ValueError``."""
    dumped_records = [record.dump() for record in records]
    if not 1 <= len(dumped_records) <= MAX_RECORDS:
        raise ValueError(f"a push carries 1 to {MAX_RECORDS} records, not {len(dumped_records)}")
    return post(f"{market.rstrip('/')}{PATH}", validated(BODY, {"usage_records": dumped_records}))


def load_records(body: bytes) -> tuple[OldUsageRecord, ...]:
    """Return the records of a call with a verified signature. Raises ``ApiRefused`` with a row of the table."""
    return _load_list(body, BODY, "usage_records", OldUsageRecord.load)


def push_response() -> Response:
    """Return the answer to an accepted call."""
    return success(SUCCESS, "success")


# --- 2018 ----------------------------------------------------------------------------------------------------------

RECORD_2018 = (
    Field("instanceId", 64),
    Field("recordTime", 17),
    Field("beginTime", 17),
    Field("endTime", 17),
    Field("usageEntity", kind=Kind.OBJECT),
)
BODY_2018 = (Field("usageRecords", kind=Kind.LIST, members=RECORD_2018),)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord2018:
    """``usage`` has named quantities, such as ``times``."""

    instance_id: str
    recorded_at: datetime
    begin_at: datetime
    end_at: datetime
    usage: tuple[tuple[str, Decimal], ...]


def load_records_2018(body: bytes) -> tuple[UsageRecord2018, ...]:
    """Return the records of a call with a verified signature. Raises ``ApiRefused`` with a row of the table."""
    return _load_list(body, BODY_2018, "usageRecords", _load_2018)


def _load_list[R](body: bytes, table: tuple[Field, ...], name: str, load: Callable[[Members], R]) -> tuple[R, ...]:
    try:
        return tuple(load(item) for item in listed_records(body, table, name))
    except WrongRecordCount as error:
        raise ApiRefused(_TOO_MANY if error.count else _INVALID, str(error)) from None
    except BadValue as error:
        raise ApiRefused(_ILLEGAL, str(error)) from None
    except BadBody as error:
        raise ApiRefused(_INVALID, str(error)) from None


def _load_2018(members: Members) -> UsageRecord2018:
    usage = cast("Members", members["usageEntity"])
    return UsageRecord2018(
        instance_id=text(members, "instanceId"),
        recorded_at=load_time(members, "recordTime"),
        begin_at=load_time(members, "beginTime"),
        end_at=load_time(members, "endTime"),
        usage=tuple((name, load_value({"usage_value": usage[name]})) for name in sorted(usage)),
    )
