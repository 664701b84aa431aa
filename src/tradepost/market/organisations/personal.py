"""Personal data of enterprise members. An erased person leaves every enterprise. Account names stay reserved, because
they identify people to sellers (§A.7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tradepost.market.base import clock
from tradepost.market.base.file_search import holds_any
from tradepost.market.base.personal import Deleted, Exported, Hold, Person, Personal

from .administrators import admins_who_can_sign_in
from .import_members import folder
from .members import leave
from .models import Enterprise, EnterpriseAct, GroupMember, ImportRun, Invitation, Member, OwnAddress
from .retention import IN_PROGRESS, drop_tables


def _holds(user: int) -> Iterator[Hold]:
    memberships = Member.objects.filter(user=user, removed_at=None, enterprise__status=Enterprise.Status.ACTIVE)
    for member in memberships:
        if member.managed:
            yield Hold(code="managed")
        elif (
            member.role == Member.Role.ADMIN
            and not admins_who_can_sign_in(member.enterprise_id).exclude(pk=member.pk).exists()
        ):
            yield Hold(code="enterprise_admin")


def _first(person: Person, files: Path) -> None:
    _leave(person)
    _delete_tables(person, files)


def _delete_tables(person: Person, files: Path) -> None:
    """Delete tables of members that contain the person. A running import needs its table, which the nightly run
    deletes."""
    store, enterprises = folder(files), Member.objects.filter(user=person.pk).values("enterprise")
    runs = ImportRun.objects.filter(enterprise__in=enterprises).exclude(sha256="").exclude(status__in=IN_PROGRESS)
    naming = [run for run in runs if holds_any(store.path(run.sha256), person.texts)]
    with transaction.atomic():
        drop_tables(naming, files=store, now=clock.now(), fresh=True)


def _leave(person: Person) -> None:
    members = Member.objects.filter(user=person.pk).select_related("enterprise").order_by("enterprise_id")
    for member in members:
        if member.removed_at is None and member.enterprise.status == Enterprise.Status.ACTIVE:
            leave(member, now=clock.now())


def _rename(person: Person) -> None:
    members = Member.objects.filter(user=person.pk)
    members.update(name=person.pseudonym, profile={}, directory={}, external_id="")
    EnterpriseAct.objects.filter(by=person.pk).update(by_text=person.pseudonym)
    subjects = [f"member:{pk}" for pk in members.values_list("pk", flat=True)]
    for enterprise in set(members.values_list("enterprise", flat=True)):
        EnterpriseAct.objects.filter(enterprise=enterprise, about__in=subjects).update(about_text=person.pseudonym)


EXPORTED = (
    Exported(
        name="enterprises", title=_("Enterprises you belong to"), model=Member, whose="user",
        columns=(
            "enterprise__name user_name name role enabled managed department__name profile directory external_id "
            "password_at joined_at removed_at"
        ),
    ),
    Exported(
        name="enterprise_groups", title=_("Groups in enterprises"), model=GroupMember, whose="member__user",
        columns="member__enterprise__name group__name",
    ),
    Exported(
        name="enterprise_addresses", title=_("Email addresses in enterprises"), model=OwnAddress, whose="member__user",
        columns="member__enterprise__name email confirmed_at pending_email",
    ),
    Exported(
        name="founded_enterprises", title=_("Enterprises you founded"), model=Enterprise, whose="buyer",
        columns="name code status created_at dissolved_at",
    ),
    Exported(
        name="enterprise_history", title=_("Your activity in enterprises"), model=EnterpriseAct, whose="by",
        columns="at enterprise__name act",
    ),
)  # fmt: skip

PERSONAL = Personal(
    holds=_holds,
    first=_first,
    last=_rename,
    deleted=(Deleted(model=Invitation, whose="email__iexact", by="email"),),
    exported=EXPORTED,
)
