"""Whoever sent a document with malware is told, and what to do."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.assets import file_scans
from tradepost.market.assets.events import DocumentInfected
from tradepost.market.assets.models import Proof
from tradepost.market.base.events import on
from tradepost.market.identity.models import Member, User
from tradepost.market.invoices.models import IssuedInvoice

from .tell import Telling, tell_all


def on_document_infected(event: DocumentInfected, now: datetime) -> None:
    sent = _invoices(event.sha256) if event.store == file_scans.INVOICES else _proofs(event.sha256)
    tell_all(
        [
            Telling(user=user, kind="document_infected", facts={"name": name}, once=event.sha256, link=link)
            for user, name, link in sent
        ],
        now=now,
    )


def _proofs(sha256: str) -> list[tuple[User, str, str]]:
    """One person may have sent the same document to several sellers."""
    found = Proof.objects.select_related("by").filter(sha256=sha256, by__isnull=False).order_by("pk")
    sent = {one.by: one.name for one in found if one.by is not None}
    return [(user, name, reverse("web:proof", args=[sha256])) for user, name in sent.items()]


def _invoices(sha256: str) -> list[tuple[User, str, str]]:
    """The owners of the seller that issued it."""
    found = list(IssuedInvoice.objects.filter(sha256=sha256).order_by("pk"))
    owners = Member.objects.select_related("user").filter(
        seller__in={one.seller_id for one in found}, role=Member.Role.OWNER
    )
    links = {one.seller_id: (one.file_name, reverse("seller_center:invoice", args=[one.invoice_id])) for one in found}
    return [(one.user, *links[one.seller_id]) for one in owners]


REACTIONS = (on(DocumentInfected, on_document_infected),)
