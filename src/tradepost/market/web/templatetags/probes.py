"""Results of probes for templates, available without ``{% load %}``."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _

from tradepost.market.probes.models import ProbeDay, ProbeRun, Verdict
from tradepost.market.production import reasons
from tradepost.market.production.address_health import health_of
from tradepost.market.production.models import Address
from tradepost.market.production.notice_bindings import receives_notices

from .ui import protocol_title

register = template.Library()


@register.simple_tag
def probe_reason(run: ProbeRun) -> str:
    """Return why a case failed, as for interface messages; "" for a passed or running case."""
    if run.verdict in {"", "passed"} or not run.reason or run.reason == "done":
        return ""
    return reasons.title(run.reason, protocol=run.address.protocol)


@register.simple_tag
def probe_halves(day: ProbeDay | None) -> str:
    """Return the verdicts of morning and afternoon. A half without a verdict was not probed if its day is over."""
    if day is None:
        return _("not probed")
    none = _("not probed") if day.verdict else _("not judged yet")
    return ", ".join(str(Verdict(verdict).label) if verdict else none for verdict in (day.am, day.pm))


@register.simple_tag
def probe_interface(address: Address, applications: Mapping[int, str]) -> str:
    """Return the interface and application of a joint product that an address serves; order notifications are always
    named. "" for a product with a single interface."""
    if not applications and not receives_notices(address):
        return ""
    return " · ".join(filter(None, (protocol_title(address.protocol), applications.get(address.pk, ""))))


@register.inclusion_tag("web/parts/address_health.html")
def address_health(address: Address) -> dict[str, object]:
    """Render the state of a production address, with its evidence and time."""
    health = health_of(address)
    trouble_title = "" if health.trouble in {"", "probe"} else reasons.title(health.trouble, protocol=address.protocol)
    return {"health": health, "trouble": trouble_title}
