"""What a member let an application have of their details, where the market asks for it (joint.md §8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Member

from .may_sign_in import Access
from .models import Consent


def covers(member: Member, client: Client, wanted: Access) -> bool:
    """Whether everything that the application would get was agreed to: more than before is asked for again."""
    given = Consent.objects.filter(member=member, client=client, withdrawn_at=None).first()
    return given is not None and wanted.released <= set(given.fields)


def give(member: Member, client: Client, wanted: Access, *, now: datetime) -> None:
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member.pk)
        withdraw(member, client, now=now)
        Consent.objects.create(member=member, client=client, fields=sorted(wanted.released), given_at=now)


def withdraw(member: Member, client: Client, *, now: datetime) -> None:
    Consent.objects.filter(member=member, client=client, withdrawn_at=None).update(withdrawn_at=now)


def in_words(fields: Iterable[str]) -> list[str]:
    """Fields of authSync for a person to read; one that has no words shows its own name."""
    words = {
        "email": _("e-mail address"),
        "mobile": _("mobile number"),
        "position": _("position"),
        "employeeCode": _("employee number"),
        "employeeType": _("kind of employment"),
        "workPlace": _("place of work"),
        "entryDate": _("day of joining"),
    }
    return [words.get(field, field) for field in sorted(fields)]
