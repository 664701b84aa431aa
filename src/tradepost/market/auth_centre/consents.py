"""Members' consents to share details with an application, if the market requires them (joint.md §8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Member

from .may_sign_in import Access
from .models import Consent


def covers(member: Member, client: Client, access: Access) -> bool:
    """Return whether the consent covers all fields that the application would get. New fields need a new consent."""
    consent = Consent.objects.filter(member=member, client=client, withdrawn_at=None).first()
    return consent is not None and access.released <= set(consent.fields)


def give(member: Member, client: Client, access: Access, *, now: datetime) -> None:
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member.pk)
        withdraw(member, client, now=now)
        Consent.objects.create(member=member, client=client, fields=sorted(access.released), given_at=now)


def withdraw(member: Member, client: Client, *, now: datetime) -> None:
    Consent.objects.filter(member=member, client=client, withdrawn_at=None).update(withdrawn_at=now)


def labels_of(fields: Iterable[str]) -> list[str]:
    """Return readable labels of authSync fields; a field without a label appears by its name."""
    words = {
        "email": _("e-mail address"),
        "mobile": _("mobile number"),
        "position": _("position"),
        "employeeCode": _("employee number"),
        "employeeType": _("employment type"),
        "workPlace": _("work location"),
        "entryDate": _("joining date"),
    }
    return [words.get(field, field) for field in sorted(fields)]
