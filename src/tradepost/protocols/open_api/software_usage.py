"""Daily usage of software with authorization codes; mandatory for joint License products (openapi-jointkit §C.10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import (
    ApiRefused,
    BadBody,
    BadValue,
    Members,
    check_members,
    integer,
    objects,
    parse_body,
    post,
    success,
    text,
    validated,
)
from .license_calls import ERRORS, SUCCESS

PATH = "/api/mkp-openapi-public/global/v2/license/software-usage-info"
MAX_ITEMS = 100
FAILED = "check_fail_list"
"""This market's name for a member of ``data`` whose published name is truncated."""

_ITEM = (
    Field("id", 256, mandatory=False),
    Field("active_num", 9, mandatory=False, kind=Kind.INTEGER),
)
# The platform spells it with a capital I.
_USAGE = (Field("license", 64), Field("software_usage_Info", kind=Kind.LIST, members=_ITEM))
BODY = (Field("usage_info", kind=Kind.LIST, members=_USAGE),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareUsage:
    """The IDs of the clients active on a day, or their number."""

    license: str
    clients: tuple[str, ...] = ()
    active: int | None = None


def usage_request(usages: Iterable[SoftwareUsage], *, market: str) -> Request:
    """Return the call, to be signed with AK/SK. Raises ``ValueError``."""
    entries = [_dump(usage) for usage in usages]
    if not 1 <= len(entries) <= MAX_ITEMS:
        raise ValueError(f"a report carries 1 to {MAX_ITEMS} licenses, not {len(entries)}")
    return post(f"{market.rstrip('/')}{PATH}", validated(BODY, {"usage_info": entries}))


def load_usages(body: bytes) -> tuple[SoftwareUsage, ...]:
    """Return the reports of a verified call. Raises ``ApiRefused`` with a row of the licenses' table."""
    try:
        members = parse_body(body)
    except BadBody as error:
        raise ApiRefused(ERRORS["95000004"], str(error)) from None
    try:
        return _load(members)
    except BadValue as error:
        raise ApiRefused(ERRORS["92020002"], str(error)) from None
    except BadBody as error:
        raise ApiRefused(ERRORS["95000001"], str(error)) from None


def report_response(failed: Iterable[str] = ()) -> Response:
    """Return the answer; ``failed``: licenses whose report was not accepted."""
    licenses = list(failed)
    return success(SUCCESS, "success", {"data": {FAILED: licenses}} if licenses else None)


def load_failed(members: Members) -> tuple[str, ...]:
    """Return the failed licenses of a successful answer, under any name of the member. Never raises."""
    data = members.get("data")
    if not isinstance(data, dict):
        return ()
    lists = [value for name, value in data.items() if name.startswith("check_fail") and isinstance(value, list)]
    licenses = [text(item, "license") if isinstance(item, dict) else item for listed in lists for item in listed]
    return tuple(item for item in licenses if isinstance(item, str) and item)


def _dump(usage: SoftwareUsage) -> dict[str, object]:
    if bool(usage.clients) == (usage.active is not None):
        raise ValueError("a report has either the ids of clients or their number")
    if len(usage.clients) > MAX_ITEMS:
        raise ValueError(f"a report carries up to {MAX_ITEMS} clients of a license, not {len(usage.clients)}")
    items: list[dict[str, object]] = [{"id": client} for client in usage.clients] or [{"active_num": usage.active}]
    if (usage.active is not None and usage.active < 0) or not all(client.strip() for client in usage.clients):
        raise ValueError("a client has an id, and a number of clients is 0 or more")
    return {"license": usage.license, "software_usage_Info": items}


def _load(members: Members) -> tuple[SoftwareUsage, ...]:
    check_members(BODY, members)
    entries = list(objects(members, "usage_info"))
    if not 1 <= len(entries) <= MAX_ITEMS:
        raise BadBody(f"usage_info holds {len(entries)} licenses, 1 to {MAX_ITEMS} are allowed")
    return tuple(_load_usage(item) for item in entries)


def _load_usage(members: Members) -> SoftwareUsage:
    items = list(objects(members, "software_usage_Info"))
    if not 1 <= len(items) <= MAX_ITEMS:
        raise BadBody(f"software_usage_Info holds {len(items)} items, 1 to {MAX_ITEMS} are allowed")
    clients = tuple(client for item in items if (client := text(item, "id").strip()))
    numbers = [number for item in items if (number := integer(item, "active_num")) is not None]
    if len(clients) == len(items) and not numbers:
        return SoftwareUsage(license=text(members, "license"), clients=clients)
    if len(numbers) == len(items) == 1 and not clients and numbers[0] >= 0:
        return SoftwareUsage(license=text(members, "license"), active=numbers[0])
    raise BadValue("software_usage_Info must hold ids of clients, or one active_num of 0 or more")
