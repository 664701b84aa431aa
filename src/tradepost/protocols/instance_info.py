"""What an answer tells about instances, in clear text: access data, usage, and whether it is about those asked for.

The same in both versions of SaaS (saas-v2 §3.2, saas-v1-license A2.8); 1.0 encrypts two of the members besides (A2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from .commands import AppInfo, Fault, UsageInfo
from .excerpt import excerpt
from .wire_fields import Field, violations
from .wire_time import dump_milliseconds, load_digits

USAGE_DIGITS = 12
USAGE_DECIMALS = 4
"""usageValue is a Double(12,4): 12 digits, 4 of them after the point (saas-v2 §3.2, saas-v1-license A2.8)."""

_LARGEST_READ = Decimal(10) ** USAGE_DIGITS
_STEP = Decimal(1).scaleb(-USAGE_DECIMALS)

type FoundFault = tuple[Fault, str]

APP_INFO = (
    Field("frontEndUrl", 512),
    Field("adminUrl", 512, mandatory=False),
    Field("userName", 128, mandatory=False),
    Field("password", 128, mandatory=False, secret=True),
    Field("memo", 1024, mandatory=False),
)
"""Access data in clear text; what SaaS 1.0 encrypts has less room for it (saas-v1-license A1.4)."""


def check_app(app: AppInfo) -> None:
    """Raises ``ValueError`` for access data that no answer could carry (saas-v2 §3.2, saas-v1-license A2.2)."""
    broken = "; ".join(map(str, violations(APP_INFO, dump_app(app), at="appInfo.")))
    if broken:
        raise ValueError(f"no answer could carry this access data: {broken}")


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
    """Access data of members that a field table vouches for."""
    return AppInfo(
        front_end_url=_text(app, "frontEndUrl"),
        admin_url=_text(app, "adminUrl"),
        user_name=_text(app, "userName"),
        password=_text(app, "password"),
        memo=_text(app, "memo"),
    )


def dump_usage(usage: UsageInfo) -> dict[str, object]:
    """Raises ``ValueError`` for a value that a Double(12,4) cannot hold."""
    members = {
        "relatedInstanceId": usage.related_instance_id,
        "usageValue": _dump_value(usage.value),
        "statisticalTime": dump_milliseconds(usage.at),
        "dashboardUrl": usage.dashboard_url,
    }
    return {name: value for name, value in members.items() if value != ""}


def load_usage(usage: Mapping[str, object], path: str) -> UsageInfo | FoundFault:
    """Usage of members that a field table vouches for; ``path`` names them in a fault."""
    value = _load_value(usage["usageValue"])
    if value is None:
        came = excerpt(str(usage["usageValue"]))
        return Fault.BAD_FIELD, f"{path}.usageValue must be a number of 0 or more; {came} came"
    try:
        at = load_digits(_text(usage, "statisticalTime"))
    except ValueError:
        came = excerpt(_text(usage, "statisticalTime"))
        return Fault.BAD_FIELD, f"{path}.statisticalTime must be a UTC time yyyyMMddHHmmssSSS; {came} came"
    related, dashboard = _text(usage, "relatedInstanceId"), _text(usage, "dashboardUrl")
    return UsageInfo(value=value, at=at, related_instance_id=related, dashboard_url=dashboard)


def other_instance(*, asked: Iterable[str], named: list[str]) -> FoundFault | None:
    """The fault of an answer that is not about exactly the instances that were asked for, one entry each."""
    for instance_id in named:
        if instance_id not in asked:
            return Fault.OTHER_INSTANCE, f"info holds the instance {excerpt(instance_id)}, which was not asked for"
    for instance_id in asked:
        if instance_id not in named:
            return Fault.OTHER_INSTANCE, f"info lacks the instance {excerpt(instance_id)}, which was asked for"
    if len(set(named)) < len(named):
        return Fault.BAD_FIELD, "info holds an instance twice"
    return None


def _dump_value(value: Decimal) -> int | float:
    """A JSON number. Twelve digits survive a float, whose shortest text is what JSON writes."""
    largest = Decimal(10) ** (USAGE_DIGITS - USAGE_DECIMALS)
    if not value.is_finite() or not 0 <= value < largest or value != value.quantize(_STEP):
        raise ValueError(f"usageValue is {value}: it must be 0 or more, below {largest:f}, with at most 4 decimals")
    return int(value) if value == value.to_integral_value() else float(value)


def _load_value(value: object) -> Decimal | None:
    """A number or a text that holds one, rounded to 4 decimals: sums of binary fractions carry a tail of noise."""
    try:
        number = Decimal(str(value))
        if not number.is_finite() or not 0 <= number < _LARGEST_READ:
            return None
        return number.quantize(_STEP)
    except InvalidOperation:
        return None


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""
