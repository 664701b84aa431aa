"""Files with first passwords of an import, or of all members without one. A background job creates a sealed file,
which administrators can download for a day before it is deleted.

Each batch sets its passwords in the transaction that stores them, so a worker that dies loses none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import Struct

from tradepost.market.base import jobs, leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.jobs import Timer
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import seal, unseal

from .act_log import MARKET_ACTOR, EnterpriseAction, actor_of, record
from .initial_password import generate_password, set_password
from .lifecycle import PASSWORD_FILE, PasswordFileEvent
from .locking import check_admin, lock
from .models import Enterprise, ImportRun, Member, PasswordFile, PasswordPart
from .queries import WITHOUT_PASSWORD

MAKE, END = "organisations.passwords", "organisations.passwords_end"
PROGRESS_LABEL = gettext_noop("Generating passwords")
BATCH = 100
"""Members per transaction; hashing takes a few seconds before it."""
LIFETIME = timedelta(days=1)
MAX_LISTED = 20


class PasswordLine(Struct, frozen=True, array_like=True):
    account: str
    name: str
    password: str


def start(enterprise: Enterprise, run: ImportRun | None, *, by: Member, now: datetime) -> PasswordFile:
    """Start the creation of a file. ``run``: the import; None for all members without a password.

    Raises ``Refused`` if all have one, or while another file is being generated."""
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if PasswordFile.objects.filter(enterprise=locked_enterprise, status=PasswordFile.Status.MAKING).exists():
            message = _("Another password file is being generated. Wait until it is ready.")
            raise Refused("password_file.open", message)
        if not _is_any_without_password(locked_enterprise.pk, run.pk if run else None):
            message = _("All these members have a password already.")
            raise Refused("password_file.nobody", message)
        file = PasswordFile.objects.create(enterprise=locked_enterprise, run=run, by=by.user, created_at=now)
        leased_jobs.start(MAKE, str(file.pk), payload={"file": file.pk, "member": by.pk}, now=now)
        record(locked_enterprise, EnterpriseAction.PASSWORD_FILE, actor_of(by), about=run, now=now)
    return file


def _members_without_password(enterprise: int, run: int | None) -> QuerySet[Member]:
    """Return the members without a password, in the order of their creation."""
    members = Member.objects.filter(WITHOUT_PASSWORD, enterprise=enterprise)
    return members.filter(imported_by=run).order_by("pk") if run is not None else members.order_by("enterprise", "pk")


def _is_any_without_password(enterprise: int, run: int | None) -> bool:
    """Return whether any member has no password. The order makes PostgreSQL use the index; ``exists`` would drop it
    and may scan all members."""
    return bool(_members_without_password(enterprise, run).values_list("pk", flat=True)[:1])


def newest_file(enterprise: Enterprise, run: ImportRun) -> PasswordFile | None:
    """Return the newest file of an import that is not deleted."""
    return _not_deleted(enterprise).filter(run=run).first()


def recent_files(enterprise: Enterprise) -> list[PasswordFile]:
    """Return the newest files that are not deleted, with their imports."""
    return list(_not_deleted(enterprise).select_related("run")[:MAX_LISTED])


def _not_deleted(enterprise: Enterprise) -> QuerySet[PasswordFile]:
    enterprise_files = PasswordFile.objects.filter(enterprise=enterprise)
    return enterprise_files.exclude(status=PasswordFile.Status.DELETED).order_by("-pk")


def is_any_password_missing(run: ImportRun) -> bool:
    """Return whether a member that an import created has no password."""
    return _is_any_without_password(run.enterprise_id, run.pk)


def find(enterprise: Enterprise, pk: int) -> PasswordFile | None:
    return PasswordFile.objects.filter(enterprise=enterprise, pk=pk).first()


def job_of(file: PasswordFile) -> LeasedJob | None:
    return leased_jobs.newest(MAKE, str(file.pk))


def read(file: PasswordFile, *, by: Member, now: datetime) -> list[PasswordLine]:
    """Return all lines for a download, and record it in the history. Raises ``Refused`` if the file was deleted."""
    with transaction.atomic():
        enterprise = lock(file.enterprise_id, by=by)
        current_file = PasswordFile.objects.get(pk=file.pk, enterprise=enterprise)
        if (
            current_file.until is None
            or current_file.until <= now
            or current_file.status == PasswordFile.Status.DELETED
        ):
            raise Refused("password_file.gone", _("This file was deleted."), HTTPStatus.GONE)
        lines = list(_read_lines(current_file))
        record(
            enterprise,
            EnterpriseAction.PASSWORD_FILE_READ,
            actor_of(by),
            about=current_file.run,
            now=now,
            note=str(len(lines)),
        )
    return lines


def _read_lines(file: PasswordFile) -> Iterator[PasswordLine]:
    for sealed_lines in file.parts.order_by("pk").values_list("sealed", flat=True):
        yield from msgspec.json.decode(unseal(sealed_lines), type=list[PasswordLine])


def delete(file: PasswordFile, *, by: Member, now: datetime) -> None:
    """Delete the file immediately; the passwords stay valid. Repeating it has no effect."""
    with transaction.atomic():
        enterprise = lock(file.enterprise_id, by=by)
        current_file = PasswordFile.objects.get(pk=file.pk, enterprise=enterprise)
        if current_file.status == PasswordFile.Status.MAKING:
            message = _("The file is still being generated.")
            raise Refused("password_file.open", message)
        if _delete(current_file, actor_of(by).text, now):
            record(enterprise, EnterpriseAction.PASSWORD_FILE_DELETED, actor_of(by), about=current_file.run, now=now)


def _delete(file: PasswordFile, deleted_by: str, now: datetime) -> bool:
    if not PASSWORD_FILE.allows(file.status, PasswordFileEvent.DELETE):
        return False
    PasswordPart.objects.filter(file=file).delete()
    PASSWORD_FILE.move_all([file], PasswordFileEvent.DELETE, now=now, actor=deleted_by)
    return True


def delete_due_file(payload: Mapping[str, Any], now: datetime) -> None:
    """Timer task: delete the file after a day."""
    file = PasswordFile.objects.filter(pk=payload["file"]).first()
    if file is not None and _delete(file, "market", now):
        record(file.enterprise, EnterpriseAction.PASSWORD_FILE_DELETED, MARKET_ACTOR, about=file.run, now=now)


# --- the job --------------------------------------------------------------------------------------------------------------


def task(clock: Callable[[], datetime]) -> LeasedTask:
    """Return the leased task. ``clock``: returns market time."""

    def work(running: RunningJob) -> Mapping[str, Any]:
        return _generate_passwords(running, clock)

    return LeasedTask(work=work, ended=_end_job, at_once=1, longest=timedelta(hours=6))


def _generate_passwords(running: RunningJob, clock: Callable[[], datetime]) -> Mapping[str, Any]:
    file = PasswordFile.objects.get(pk=running.payload["file"])
    total = file.made + _members_without_password(file.enterprise_id, file.run_id).count()
    done_count = file.made
    running.progress(done_count, total, PROGRESS_LABEL)
    while batch := list(_members_without_password(file.enterprise_id, file.run_id)[:BATCH]):
        drawn_passwords = {}
        for member in batch:
            drawn_passwords[member.pk] = generate_password()
            running.progress(
                done_count + len(drawn_passwords), max(total, done_count + len(drawn_passwords) + 1), PROGRESS_LABEL
            )
        done_count += _set_passwords(file, drawn_passwords, by=running.payload["member"], now=clock())
    return {}


def _set_passwords(file: PasswordFile, drawn_passwords: Mapping[int, Any], *, by: int, now: datetime) -> int:
    """Set the passwords of a batch. Raises ``Refused`` if the enterprise is dissolved, or the requester is no longer
    an administrator."""
    with transaction.atomic():
        enterprise = lock(file.enterprise_id)
        check_admin(Member.objects.get(pk=by), enterprise)
        if not PasswordFile.objects.filter(pk=file.pk, status=PasswordFile.Status.MAKING).exists():
            raise Refused("password_file.gone", _("This file was deleted."), HTTPStatus.GONE)
        members = Member.objects.select_related("user").filter(
            WITHOUT_PASSWORD, pk__in=list(drawn_passwords), enterprise=enterprise
        )
        passwords = [set_password(member, drawn_passwords[member.pk], now=now) for member in members.order_by("pk")]
        lines = [
            PasswordLine(new_password.member.user_name, new_password.member.name, new_password.password)
            for new_password in passwords
        ]
        if lines:
            PasswordPart.objects.create(file=file, sealed=seal(msgspec.json.encode(lines).decode()))
            PasswordFile.objects.filter(pk=file.pk).update(made=F("made") + len(lines))
    return len(lines)


def _end_job(job: LeasedJob, now: datetime) -> None:
    """End the job. Passwords generated before an interruption can be downloaded too."""
    file = PasswordFile.objects.get(pk=job.payload["file"])
    if file.status != PasswordFile.Status.MAKING:
        return
    is_done = job.outcome == LeasedJob.Outcome.DONE
    event = PasswordFileEvent.FINISH if is_done else PasswordFileEvent.STOP
    PASSWORD_FILE.move_all([file], event, now=now, until=now + LIFETIME)
    jobs.schedule_all(END, [Timer(str(file.pk), now + LIFETIME, {"file": file.pk})])
