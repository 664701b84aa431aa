"""Activation and query of authorization codes, in both versions (openapi-jointkit §C.8, §C.9; saas-v1-license
§B2.3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind
from tradepost.protocols.wire_time import dump_seconds

from .bodies import (
    ApiRefused,
    BadBody,
    BadValue,
    Members,
    check_members,
    integer,
    moment,
    parse_body,
    post,
    success,
    text,
    texts,
    validated,
    without_empty,
)
from .errors import ApiError

_ROOT = "/api/mkp-openapi-public/global"
ACTIVATE_V1, ACTIVATE_V2 = f"{_ROOT}/v1/license/activate", f"{_ROOT}/v2/license/activate"
QUERY_V1, QUERY_V2 = f"{_ROOT}/v1/license/heartbeat", f"{_ROOT}/v2/license/heartbeat"
"""The query was formerly a heartbeat, and its path still has that name."""

SUCCESS = "92020000"
MAX_LICENSES = 100
LICENSE_LENGTH = 64

ERRORS: Mapping[str, ApiError] = {
    error.code: error
    for error in (
        ApiError(200, "92020001", "internal error"),
        ApiError(200, "92020002", "invalid param"),
        ApiError(200, "92020003", "illegal state"),
        ApiError(200, "92020004", "can not active before user received."),
        ApiError(200, "92020005", "license code not exist."),
        ApiError(200, "92020011", "license code has been not activated."),
        ApiError(200, "92020020", "Invalid license code exists."),
        ApiError(400, "95000001", "req param is invalid"),
        ApiError(405, "95000002", "Request method not supported"),
        ApiError(415, "95000003", "Content type not supported"),
        ApiError(400, "95000004", "req message is not readable"),
    )
}
"""The current table: business failures use HTTP 200."""

_INVALID, _UNREADABLE, _BAD_VALUE = ERRORS["95000001"], ERRORS["95000004"], ERRORS["92020002"]

_LICENSE = Field("license", LICENSE_LENGTH)
_ACTIVATION_TIME = Field("real_effect_time", 16, mandatory=False)
ACTIVATE_V1_BODY = (_LICENSE, _ACTIVATION_TIME)
_HEARTBEAT = (Field("thirdPartyAccount", 256), Field("ip", 32, mandatory=False))
QUERY_V1_BODY = (_LICENSE, Field("heartbeatInfo", mandatory=False, kind=Kind.OBJECT, members=_HEARTBEAT))


class LicenseStatus(StrEnum):
    ALIVE = "ALIVE"
    EXPIRED = "EXPIRED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseInfo:
    """The market's data about a code. ``status`` is a text, since a newer market may add values.

    For the query, only code, status and activation are published; the other names are those of the activation.
    """

    license_code: str
    status: str
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    product_id: str = ""
    order_id: str = ""
    amount: int | None = None

    def dump(self) -> dict[str, object]:
        return without_empty(
            license_code=self.license_code,
            status=str(self.status),
            activate_time=self.activated_at and dump_seconds(self.activated_at),
            expire_time=self.expires_at and dump_seconds(self.expires_at),
            product_id=self.product_id,
            order_id=self.order_id,
            amount=self.amount,
        )

    @classmethod
    def load(cls, members: Members) -> LicenseInfo:
        """Parse the members; unknown ones are ignored. Raises ``BadBody``."""
        if not text(members, "status"):
            raise BadBody("status is missing")
        return cls(
            license_code=text(members, "license_code"),
            status=text(members, "status"),
            activated_at=moment(members, "activate_time"),
            expires_at=moment(members, "expire_time"),
            product_id=text(members, "product_id"),
            order_id=text(members, "order_id"),
            amount=integer(members, "amount"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate:
    """Activation of codes. ``since``: when the software took effect, not before the order."""

    licenses: tuple[str, ...]
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLicenses:
    """Query of codes, for the first use of each day. ``account`` and ``ip`` belong to a deprecated field."""

    licenses: tuple[str, ...]
    account: str = ""
    ip: str = ""


# --- seller side ---------------------------------------------------------------------------------------------------


def activate_v1_request(activate: Activate, *, market: str) -> Request:
    """Return the call, to be signed with AK/SK. Raises ``ValueError``."""
    members = {"license": _single_license(activate.licenses), **_activation_time(activate)}
    return post(f"{market.rstrip('/')}{ACTIVATE_V1}", validated(ACTIVATE_V1_BODY, members))


def activate_v2_request(activate: Activate, *, market: str) -> Request:
    members = {"license_list": _list(activate.licenses), **_activation_time(activate)}
    return post(f"{market.rstrip('/')}{ACTIVATE_V2}", validated((_ACTIVATION_TIME,), members))


def query_v1_request(query: QueryLicenses, *, market: str) -> Request:
    heartbeat = without_empty(thirdPartyAccount=query.account, ip=query.ip) if query.account else None
    members = {"license": _single_license(query.licenses), **without_empty(heartbeatInfo=heartbeat)}
    return post(f"{market.rstrip('/')}{QUERY_V1}", validated(QUERY_V1_BODY, members))


def query_v2_request(query: QueryLicenses, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{QUERY_V2}", {"license_list": _list(query.licenses)})


def load_activated(members: Members, license_code: str) -> LicenseInfo:
    """Return the data of a v1 activation. Its expiry is an estimate; the query's is exact. Raises ``BadBody``."""
    code_info = text(_object(members, "data"), "license_code_info")
    return LicenseInfo.load({**parse_body(code_info.encode("utf-8", "surrogatepass")), "license_code": license_code})


def load_queried(members: Members) -> tuple[LicenseInfo, ...]:
    """Return the data of a successful query in either version. Raises ``BadBody``."""
    data = members.get("data")
    entries = data if isinstance(data, list) else [data]
    if not all(isinstance(item, dict) for item in entries):
        raise BadBody("data is missing or holds what is not an object")
    return tuple(LicenseInfo.load(cast("Members", item)) for item in entries)


# --- market side ---------------------------------------------------------------------------------------------------


def load_activate(body: bytes, *, version: int) -> Activate:
    """Return the activation of a verified call. Raises ``ApiRefused`` with a row of the table."""
    return _load_or_refuse(body, _activate_v1 if version == 1 else _activate_v2)


def load_query(body: bytes, *, version: int) -> QueryLicenses:
    """Return the query of a verified call. Raises ``ApiRefused`` with a row of the table."""
    return _load_or_refuse(body, _query_v1 if version == 1 else _query_v2)


def activated_response(info: LicenseInfo | None = None) -> Response:
    """Return the answer: v1 contains the data of its single code, v2 contains no data."""
    if info is None:
        return success(SUCCESS, "success")
    members = {name: value for name, value in info.dump().items() if name not in {"license_code", "activate_time"}}
    return success(SUCCESS, "success", {"data": {"license_code_info": json.dumps(members, separators=(",", ":"))}})


def query_response(infos: Iterable[LicenseInfo], *, version: int) -> Response:
    """Return the answer: an object in v1, a list in v2 (whose form is not published)."""
    entries = [info.dump() for info in infos]
    return success(SUCCESS, "success", {"data": entries[0] if version == 1 else entries})


def _load_or_refuse[T](body: bytes, load: Callable[[Members], T]) -> T:
    try:
        members = parse_body(body)
    except BadBody as error:
        raise ApiRefused(_UNREADABLE, str(error)) from None
    try:
        return load(members)
    except BadValue as error:
        raise ApiRefused(_BAD_VALUE, str(error)) from None
    except BadBody as error:
        raise ApiRefused(_INVALID, str(error)) from None


def _activate_v1(members: Members) -> Activate:
    check_members(ACTIVATE_V1_BODY, members)
    return Activate(licenses=(text(members, "license"),), since=moment(members, "real_effect_time"))


def _activate_v2(members: Members) -> Activate:
    check_members((_ACTIVATION_TIME,), members)
    licenses = texts(members, "license_list", most=MAX_LICENSES, length=LICENSE_LENGTH)
    return Activate(licenses=licenses, since=moment(members, "real_effect_time"))


def _query_v1(members: Members) -> QueryLicenses:
    check_members(QUERY_V1_BODY, members)
    heartbeat = cast("Members", members.get("heartbeatInfo") or {})
    account, ip = text(heartbeat, "thirdPartyAccount"), text(heartbeat, "ip")
    return QueryLicenses(licenses=(text(members, "license"),), account=account, ip=ip)


def _query_v2(members: Members) -> QueryLicenses:
    return QueryLicenses(licenses=texts(members, "license_list", most=MAX_LICENSES, length=LICENSE_LENGTH))


def _object(members: Members, name: str) -> Members:
    value = members.get(name)
    if not isinstance(value, Mapping):
        raise BadBody(f"{name} is missing or not an object")
    return value


def _single_license(licenses: tuple[str, ...]) -> str:
    if len(licenses) != 1:
        raise ValueError(f"version 1 carries one license, not {len(licenses)}")
    return licenses[0]


def _list(licenses: tuple[str, ...]) -> list[str]:
    if not 1 <= len(licenses) <= MAX_LICENSES or not all(0 < len(code.strip()) <= LICENSE_LENGTH for code in licenses):
        raise ValueError(f"version 2 carries 1 to {MAX_LICENSES} licenses of up to {LICENSE_LENGTH} characters")
    return list(licenses)


def _activation_time(activate: Activate) -> dict[str, object]:
    return without_empty(real_effect_time=activate.since and dump_seconds(activate.since))
