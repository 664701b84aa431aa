"""Daily usage of software under authorization codes: mandatory for joint License products (openapi-jointkit §C.10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import ApiRefused, BadBody, BadValue, Members, check, integer, kept, objects, post, read, success, text
from .license_calls import ERRORS, SUCCESS

PATH = "/api/mkp-openapi-public/global/v2/license/software-usage-info"
MOST = 100
FAILED = "check_fail_list"
"""Our name for a member of ``data`` of which only the beginning is published."""

_ITEM = (
    Field("id", 256, mandatory=False),
    Field("active_num", 9, mandatory=False, kind=Kind.INTEGER),
)
# The capital I is the platform's.
_USAGE = (Field("license", 64), Field("software_usage_Info", kind=Kind.LIST, members=_ITEM))
BODY = (Field("usage_info", kind=Kind.LIST, members=_USAGE),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareUsage:
    """Either the clients that were active on a day, by id, or their number."""

    license: str
    clients: tuple[str, ...] = ()
    active: int | None = None


def usage_request(usages: Iterable[SoftwareUsage], *, market: str) -> Request:
    """The call, to be signed with AK/SK. Raises ``ValueError``."""
    listed = [_dump(usage) for usage in usages]
    if not 1 <= len(listed) <= MOST:
        raise ValueError(f"a report carries 1 to {MOST} licenses, not {len(listed)}")
    return post(f"{market.rstrip('/')}{PATH}", kept(BODY, {"usage_info": listed}))


def load_usages(body: bytes) -> tuple[SoftwareUsage, ...]:
    """What a verified call reports. Raises ``ApiRefused`` with a row of the licenses' table."""
    try:
        members = read(body)
    except BadBody as error:
        raise ApiRefused(ERRORS["95000004"], str(error)) from None
    try:
        return _load(members)
    except BadValue as error:
        raise ApiRefused(ERRORS["92020002"], str(error)) from None
    except BadBody as error:
        raise ApiRefused(ERRORS["95000001"], str(error)) from None


def reported(failed: Iterable[str] = ()) -> Response:
    """The answer; ``failed`` are licenses whose report was not accepted."""
    licenses = list(failed)
    return success(SUCCESS, "success", {"data": {FAILED: licenses}} if licenses else None)


def load_failed(members: Members) -> tuple[str, ...]:
    """Licenses that a successful answer names as failed, whatever the member is called. Never raises."""
    data = members.get("data")
    if not isinstance(data, dict):
        return ()
    lists = [value for name, value in data.items() if name.startswith("check_fail") and isinstance(value, list)]
    named = [text(item, "license") if isinstance(item, dict) else item for listed in lists for item in listed]
    return tuple(item for item in named if isinstance(item, str) and item)


def _dump(usage: SoftwareUsage) -> dict[str, object]:
    if bool(usage.clients) == (usage.active is not None):
        raise ValueError("a report has either the ids of clients or their number")
    if len(usage.clients) > MOST:
        raise ValueError(f"a report carries up to {MOST} clients of a license, not {len(usage.clients)}")
    items: list[dict[str, object]] = [{"id": client} for client in usage.clients] or [{"active_num": usage.active}]
    if (usage.active is not None and usage.active < 0) or not all(client.strip() for client in usage.clients):
        raise ValueError("a client has an id, and a number of clients is 0 or more")
    return {"license": usage.license, "software_usage_Info": items}


def _load(members: Members) -> tuple[SoftwareUsage, ...]:
    check(BODY, members)
    listed = list(objects(members, "usage_info"))
    if not 1 <= len(listed) <= MOST:
        raise BadBody(f"usage_info holds {len(listed)} licenses, 1 to {MOST} are allowed")
    return tuple(_load_usage(item) for item in listed)


def _load_usage(members: Members) -> SoftwareUsage:
    items = list(objects(members, "software_usage_Info"))
    if not 1 <= len(items) <= MOST:
        raise BadBody(f"software_usage_Info holds {len(items)} items, 1 to {MOST} are allowed")
    clients = tuple(client for item in items if (client := text(item, "id").strip()))
    numbers = [number for item in items if (number := integer(item, "active_num")) is not None]
    if len(clients) == len(items) and not numbers:
        return SoftwareUsage(license=text(members, "license"), clients=clients)
    if len(numbers) == len(items) == 1 and not clients and numbers[0] >= 0:
        return SoftwareUsage(license=text(members, "license"), active=numbers[0])
    raise BadValue("software_usage_Info must hold ids of clients, or one active_num of 0 or more")
