"""Whoever sent a document with malware is told, and what to do."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.assets import file_scans
from tradepost.market.assets.events import DocumentInfected
from tradepost.market.assets.models import Proof
from tradepost.market.identity.models import Member, User
from tradepost.market.invoices.models import IssuedInvoice

from .tell import AddressedNotice, send_notices


def on_document_infected(event: DocumentInfected, now: datetime) -> None:
    documents = _invoices(event.sha256) if event.store == file_scans.INVOICES else _proofs(event.sha256)
    send_notices(
        [
            AddressedNotice(user=user, kind="document_infected", facts={"name": name}, once=event.sha256, link=link)
            for user, name, link in documents
        ],
        now=now,
    )


def _proofs(sha256: str) -> list[tuple[User, str, str]]:
    """One person may have sent the same document to several sellers."""
    proofs = Proof.objects.select_related("by").filter(sha256=sha256, by__isnull=False).order_by("pk")
    names_by_sender = {proof.by: proof.name for proof in proofs if proof.by is not None}
    return [(user, name, reverse("web:proof", args=[sha256])) for user, name in names_by_sender.items()]


def _invoices(sha256: str) -> list[tuple[User, str, str]]:
    """The owners of the seller that issued it."""
    invoices = list(IssuedInvoice.objects.filter(sha256=sha256).order_by("pk"))
    owners = Member.objects.select_related("user").filter(
        seller__in={invoice.seller_id for invoice in invoices}, role=Member.Role.OWNER
    )
    links = {
        invoice.seller_id: (invoice.file_name, reverse("seller_center:invoice", args=[invoice.invoice_id]))
        for invoice in invoices
    }
    return [(owner.user, *links[owner.seller_id]) for owner in owners]
