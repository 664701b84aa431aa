"""Data about instances in an answer, in plain text: access data, usage, and a check of the instance IDs.

Both versions of SaaS use it (saas-v2 §3.2, saas-v1-license A2.8); 1.0 also encrypts two of the members (A2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .commands import AppInfo, Fault, UsageInfo
from .excerpt import excerpt
from .wire_fields import Field, violations
from .wire_number import decimal_of
from .wire_time import dump_milliseconds, load_digits

USAGE_DIGITS = 12
USAGE_DECIMALS = 4
"""usageValue is a Double(12,4): 12 digits, 4 of them after the point (saas-v2 §3.2, saas-v1-license A2.8)."""

_MAX_USAGE = Decimal(10) ** USAGE_DIGITS
_STEP = Decimal(1).scaleb(-USAGE_DECIMALS)

type FoundFault = tuple[Fault, str]

APP_INFO = (
    Field("frontEndUrl", 512),
    Field("adminUrl", 512, mandatory=False),
    Field("userName", 128, mandatory=False),
    Field("password", 128, mandatory=False, secret=True),
    Field("memo", 1024, mandatory=False),
)
"""Access data in plain text. The limits of encrypted members in SaaS 1.0 are smaller (saas-v1-license A1.4)."""


def check_app(app: AppInfo) -> None:
    """Raise ``ValueError`` for access data that no answer can carry (saas-v2 §3.2, saas-v1-license A2.2)."""
    errors = "; ".join(map(str, violations(APP_INFO, dump_app(app), at="appInfo.")))
    if errors:
        raise ValueError(f"no answer could carry this access data: {errors}")


def dump_app(app: AppInfo) -> dict[str, str]:
    members = {
        "frontEndUrl": app.front_end_url,
        "adminUrl": app.admin_url,
        "userName": app.user_name,
        "password": app.password,
        "memo": app.memo,
    }
    return {name: value for name, value in members.items() if value}


def load_app(app: Mapping[str, object]) -> AppInfo:
    """Return the access data of validated members."""
    return AppInfo(
        front_end_url=_text(app, "frontEndUrl"),
        admin_url=_text(app, "adminUrl"),
        user_name=_text(app, "userName"),
        password=_text(app, "password"),
        memo=_text(app, "memo"),
    )


def dump_usage(usage: UsageInfo) -> dict[str, object]:
    """Return the members of a usage. Raises ``ValueError`` for a value that a Double(12,4) cannot hold."""
    members = {
        "relatedInstanceId": usage.related_instance_id,
        "usageValue": _dump_value(usage.value),
        "statisticalTime": dump_milliseconds(usage.at),
        "dashboardUrl": usage.dashboard_url,
    }
    return {name: value for name, value in members.items() if value != ""}


def load_usage(usage: Mapping[str, object], path: str) -> UsageInfo | FoundFault:
    """Return the usage of validated members. ``path`` names them in a fault."""
    value = _load_value(usage["usageValue"])
    if value is None:
        received_text = excerpt(str(usage["usageValue"]))
        return Fault.BAD_FIELD, f"{path}.usageValue must be a number of 0 or more; {received_text} came"
    try:
        moment = load_digits(_text(usage, "statisticalTime"))
    except ValueError:
        received_text = excerpt(_text(usage, "statisticalTime"))
        return Fault.BAD_FIELD, f"{path}.statisticalTime must be a UTC time yyyyMMddHHmmssSSS; {received_text} came"
    related, dashboard = _text(usage, "relatedInstanceId"), _text(usage, "dashboardUrl")
    return UsageInfo(value=value, at=moment, related_instance_id=related, dashboard_url=dashboard)


def instance_mismatch(*, requested: Iterable[str], answered: list[str]) -> FoundFault | None:
    """Return the fault of an answer that does not have exactly one entry for each requested instance."""
    for instance_id in answered:
        if instance_id not in requested:
            return Fault.OTHER_INSTANCE, f"info holds the instance {excerpt(instance_id)}, which was not asked for"
    for instance_id in requested:
        if instance_id not in answered:
            return Fault.OTHER_INSTANCE, f"info lacks the instance {excerpt(instance_id)}, which was asked for"
    if len(set(answered)) < len(answered):
        return Fault.BAD_FIELD, "info holds an instance twice"
    return None


def _dump_value(value: Decimal) -> int | float:
    """Return a JSON number. A float holds twelve digits, and JSON writes its shortest text."""
    largest = Decimal(10) ** (USAGE_DIGITS - USAGE_DECIMALS)
    if not value.is_finite() or not 0 <= value < largest or value != value.quantize(_STEP):
        raise ValueError(f"usageValue is {value}: it must be 0 or more, below {largest:f}, with at most 4 decimals")
    return int(value) if value == value.to_integral_value() else float(value)


def _load_value(value: object) -> Decimal | None:
    """Parse a number or numeric text, rounded to 4 decimals, since sums of binary fractions are inexact."""
    number = decimal_of(value)
    return number.quantize(_STEP) if number is not None and 0 <= number < _MAX_USAGE else None


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""
