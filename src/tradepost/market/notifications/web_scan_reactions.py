"""What a seller is told when a web check ended: whether it stands in the way of a product."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member
from tradepost.market.web_scan.events import WebScanEnded
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.registry import faults
from tradepost.market.web_scan.standing import blocking_findings_of

from . import facts as f
from .tell import AddressedNotice, send_notices


def on_web_scan_ended(event: WebScanEnded, now: datetime) -> None:
    """Everybody who sees the interface tools."""
    run = WebScan.objects.select_related("task").filter(pk=event.scan).first()
    if run is None:
        return  # deleted meanwhile, with its task
    kind, facts = _kind_and_facts(run)
    link = reverse("seller_center:web_report", args=[run.pk])
    people = Member.objects.select_related("user").prefetch_related("groups").filter(seller=run.seller_id)
    tellings = [
        AddressedNotice(user=member.user, kind=kind, facts={"url": run.url, **facts}, once=str(run.pk), link=link)
        for member in people.filter(user__is_active=True).order_by("pk")
        if rights_of(member).sees(Menu.TOOLS)
    ]
    send_notices(tellings, now=now)


def _kind_and_facts(run: WebScan) -> tuple[str, dict[str, Any]]:
    if run.status != WebScan.Status.DONE:
        return f"web_scan_{run.status}", {}
    if blocking := blocking_findings_of(run):
        title = faults()[blocking[0].code].title
        return "web_scan_high", {"high": str(len(blocking)), "first": f.names(title.zh, title.en)}
    return "web_scan_passed", {}
