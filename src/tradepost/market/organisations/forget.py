"""Erase the data of a dissolved enterprise: its people, departments, history and files. Its code stays reserved."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from tradepost.market.base.files import Files
from tradepost.market.identity.models import User

from .models import (
    Department,
    DirectoryToken,
    Enterprise,
    EnterpriseAct,
    Group,
    GroupMember,
    ImportRun,
    Invitation,
    Member,
    OwnAddress,
    PasswordFile,
)


def erase_enterprise(enterprise: Enterprise, *, files: Files, now: datetime) -> None:
    """Erase the data in the caller's transaction. Accounts that the enterprise created lose their names; people's own
    accounts stay."""
    members = Member.objects.filter(enterprise=enterprise)
    created_users = members.filter(managed=True).values("user")
    User.objects.filter(pk__in=created_users).update(
        name=Concat(Value("deleted-"), "customer_id"), company="", phone="", is_active=False
    )
    OwnAddress.objects.filter(member__enterprise=enterprise).delete()
    GroupMember.objects.filter(group__enterprise=enterprise).delete()
    members.update(name=F("public_id"), profile={}, directory={}, external_id="")
    for model in (Invitation, PasswordFile, DirectoryToken):
        model._default_manager.filter(enterprise=enterprise).delete()  # noqa: SLF001
    Group.objects.filter(enterprise=enterprise).update(name=Cast("pk", CharField()), external_id="")
    Department.objects.filter(enterprise=enterprise).update(name=F("code"))
    EnterpriseAct.objects.filter(enterprise=enterprise).update(by_text="", about_text="", note="")
    _forget_imports(enterprise, files)
    Enterprise.objects.filter(pk=enterprise.pk).update(name=f"deleted-{enterprise.public_id}", erased_at=now)


def _forget_imports(enterprise: Enterprise, files: Files) -> None:
    runs = ImportRun.objects.filter(enterprise=enterprise)
    hashes = set(runs.exclude(sha256="").values_list("sha256", flat=True))
    runs.update(sha256="", file_name="", report={})
    hashes -= set(ImportRun.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))

    def delete_files() -> None:
        for sha256 in hashes:
            files.delete(sha256)

    transaction.on_commit(delete_files)
