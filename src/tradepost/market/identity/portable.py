"""Agreements, registration and sign-in providers in an exported configuration."""

from __future__ import annotations

from typing import Any

from tradepost.market.base.portable import Importing, Place, Section

from . import agreement_drafts, agreements, opening
from .company_models import Agreement
from .models import OperatorSignIn, SignInProvider, User
from .opening_models import MarketOpening

PROVIDER_FIELDS = (
    "name",
    "issuer",
    "client_id",
    "scopes",
    "asks_consent",
    "for_operators",
    "for_buyers",
    "groups_claim",
    "roles",
)


def dump_agreements(_place: Place) -> list[dict[str, str]]:
    """Return the latest version of each agreement, preferring a draft, which is the text that the market intends to
    use."""
    drafts = {kind: agreement_drafts.draft_of(kind) for kind in Agreement.Kind.values}
    texts = {
        kind: draft or Agreement.objects.filter(kind=kind).order_by("-number").first() for kind, draft in drafts.items()
    }
    return [
        {"kind": kind, "text": version.text, "text_en": version.text_en, "change": version.change}
        for kind, version in texts.items()
        if version is not None
    ]


def load_agreements(dumped: Any, importing: Importing) -> None:
    """Store the agreements as drafts, which an operator of the new market reads and publishes."""
    by = User.objects.get(pk=importing.by)
    for agreement in dumped:
        current_agreement = agreements.number_in_force(agreement["kind"], now=importing.now)
        if current_agreement is not None and (current_agreement.text, current_agreement.text_en) == (
            agreement["text"],
            agreement["text_en"],
        ):
            continue
        draft = agreement_drafts.draft_of(agreement["kind"])
        if draft is not None and (draft.text, draft.text_en) == (agreement["text"], agreement["text_en"]):
            continue
        agreement_drafts.save(
            agreement["kind"], text=agreement["text"], text_en=agreement["text_en"], change=agreement["change"] or "Imported",
            revision=draft.revision if draft else 0, by=by, now=importing.now,
        )  # fmt: skip


def dump_registration(_place: Place) -> dict[str, str]:
    current_opening = opening.current()
    return {"buyers": current_opening.buyers, "sellers": current_opening.sellers}


def load_registration(dumped: Any, importing: Importing) -> None:
    del importing
    MarketOpening.objects.update_or_create(
        pk=MarketOpening.ONLY, defaults={name: dumped[name] for name in ("buyers", "sellers")}
    )


def dump_providers(_place: Place) -> list[dict[str, Any]]:
    """Return the providers without their secrets."""
    return [
        {name: getattr(provider, name) for name in PROVIDER_FIELDS}
        for provider in SignInProvider.objects.order_by("pk")
    ]


def load_providers(dumped: Any, importing: Importing) -> None:
    """Create the providers disabled, until an operator enters their secrets. Password sign-in of operators stays
    allowed."""
    for number, imported_provider in enumerate(dumped, start=1):
        values = {name: imported_provider[name] for name in PROVIDER_FIELDS}
        SignInProvider.objects.create(
            **values, slug=f"imported-{number}", sealed_secret="", enabled=False, created_at=importing.now
        )
    OperatorSignIn.objects.all().delete()


SECTIONS = (
    Section(name="agreements", dump=dump_agreements, load=load_agreements),
    Section(name="registration", dump=dump_registration, load=load_registration),
    Section(name="sign_in_providers", dump=dump_providers, load=load_providers),
)
