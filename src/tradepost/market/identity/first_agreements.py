"""The first version of each agreement, shipped with the market; operators publish their own in its place.

Migration 0005 creates them from the texts beside this module, so these do not change. In a sandbox they are in force
from the start. In a new production market they are drafts until an operator publishes them."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from django.db import transaction

FIRST = datetime(2025, 12, 31, 16, tzinfo=UTC)
"""When they came into force: orders store the time of the buyer's consent, not a version."""
KINDS = ("seller", "publish", "buyer", "privacy")


def make_first(agreements: Any) -> None:
    """Create the missing first versions. ``agreements``: the manager of their model."""
    for kind in KINDS:
        texts = {"text": _text(kind, "zh"), "text_en": _text(kind, "en")}
        agreements.get_or_create(kind=kind, number=1, defaults={**texts, "published_at": FIRST})


def draft_privacy(agreements: Any, drafts: Any, *, now: datetime) -> None:
    """Create the draft of the privacy policy in a market that is older than the policy. ``agreements`` and
    ``drafts``: the managers of their models."""
    if agreements.filter(kind="privacy").exists():
        return
    texts = {"text": _text("privacy", "zh"), "text_en": _text("privacy", "en")}
    drafts.get_or_create(kind="privacy", defaults={**texts, "saved_at": now})


def make_drafts(*, now: datetime) -> None:
    """Turn the shipped versions of a new market into drafts. Has no effect once an account exists, which may have
    accepted them."""
    from .company_models import Agreement, AgreementDraft
    from .models import User

    with transaction.atomic():
        if User.objects.exists():
            return
        shipped_agreements = list(Agreement.objects.filter(number=1, published_by=None, published_at=FIRST))
        AgreementDraft.objects.bulk_create(
            [
                AgreementDraft(kind=agreement.kind, text=agreement.text, text_en=agreement.text_en, saved_at=now)
                for agreement in shipped_agreements
            ],
            ignore_conflicts=True,
        )
        Agreement.objects.filter(pk__in=[agreement.pk for agreement in shipped_agreements]).delete()


def _text(kind: str, language: str) -> str:
    folder = files("tradepost.market.identity") / "agreement_texts"
    return (folder / f"{kind}.{language}.txt").read_text(encoding="utf-8").strip()
