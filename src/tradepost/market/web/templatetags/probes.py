"""What probes say, for templates; they have it without ``{% load %}``."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from tradepost.market.probes.models import ProbeRun
from tradepost.market.production import reasons
from tradepost.market.production.address_health import health_of
from tradepost.market.production.models import Address
from tradepost.market.production.notice_bindings import notifies

from .ui import protocol_title

register = template.Library()


@register.simple_tag
def probe_reason(run: ProbeRun) -> str:
    """Why a case did not pass, in the words of interface messages; nothing for one that did, or that is under way."""
    if run.verdict in {"", "passed"} or not run.reason or run.reason == "done":
        return ""
    return reasons.title(run.reason, protocol=run.address.protocol)


@register.simple_tag
def probe_interface(address: Address, applications: Mapping[int, str]) -> str:
    """Of a joint product: which of its interfaces is asked there, and of which application. Order notifications are always named.
    Nothing for a product with one interface."""
    if not applications and not notifies(address):
        return ""
    return " · ".join(filter(None, (protocol_title(address.protocol), applications.get(address.pk, ""))))


@register.inclusion_tag("web/parts/address_health.html")
def address_health(address: Address) -> dict[str, object]:
    """The state of a production address, with its evidence and when it came."""
    health = health_of(address)
    trouble = "" if health.trouble in {"", "probe"} else reasons.title(health.trouble, protocol=address.protocol)
    return {"health": health, "trouble": trouble}
