"""Drafts of agreements: save, publish as the next version, or discard (decision 0106).

Only operators see a draft. The form and the publish button carry the revision that they showed. If two operators edit
the same draft, the second is asked to read the other's text first."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

from . import agreements
from .company_models import Agreement, AgreementDraft
from .models import User


def draft_of(kind: str) -> AgreementDraft | None:
    return AgreementDraft.objects.select_related("saved_by").filter(kind=kind).first()


def drafts() -> dict[str, AgreementDraft]:
    """Return the drafts by kind, without their texts."""
    all_drafts = AgreementDraft.objects.select_related("saved_by").defer("text", "text_en")
    return {draft.kind: draft for draft in all_drafts}


def save(kind: str, *, text: str, text_en: str, change: str, revision: int, by: User, now: datetime) -> AgreementDraft:
    """Store the draft. ``revision``: of the draft that the form showed, 0 for none.

    Raises ``Refused`` if the texts cannot be published, or another operator changed the draft."""
    text, text_en, change = agreements.checked(kind, text=text, text_en=text_en, change=change)
    with transaction.atomic():
        draft = _locked(kind, revision)
        if draft is None:
            draft, was_created = AgreementDraft.objects.get_or_create(
                kind=kind,
                defaults={"text": text, "text_en": text_en, "change": change, "saved_at": now, "saved_by": by},
            )
            if not was_created:
                raise _changed()
            return draft
        draft.text, draft.text_en, draft.change = text, text_en, change
        draft.revision, draft.saved_at, draft.saved_by = draft.revision + 1, now, by
        draft.save()
    return draft


def publish(kind: str, *, revision: int, by: User, now: datetime) -> Agreement:
    """Publish the draft as the next version. Raises ``Refused`` like ``agreements.publish``, and if there is no draft
    or its revision differs."""
    with transaction.atomic():
        draft = _existing(kind, revision)
        version = agreements.publish(kind, text=draft.text, text_en=draft.text_en, change=draft.change, by=by, now=now)
        draft.delete()
    return version


def discard(kind: str, *, revision: int) -> None:
    """Delete the draft; the version in force stays. Raises ``Refused`` if there is no draft or its revision
    differs."""
    with transaction.atomic():
        _existing(kind, revision).delete()


def _existing(kind: str, revision: int) -> AgreementDraft:
    draft = _locked(kind, revision)
    if draft is None:
        raise Refused("agreement.no_draft", _("This agreement has no draft."), HTTPStatus.CONFLICT)
    return draft


def _locked(kind: str, revision: int) -> AgreementDraft | None:
    draft = AgreementDraft.objects.select_for_update().filter(kind=kind).first()
    if (draft.revision if draft else 0) != revision:
        raise _changed()
    return draft


def _changed() -> Refused:
    return Refused(
        "agreement.draft_changed",
        _("Another operator changed, published or discarded this draft. Open it again to see its current text."),
        HTTPStatus.CONFLICT,
    )
