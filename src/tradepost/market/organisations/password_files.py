"""First passwords of an import, or of all members without one, in one sealed file: made by a background job, downloaded by
administrators for a day, then deleted.

Each batch gives its members their passwords in the transaction that keeps them, so that a worker that dies loses none.
"""

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
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.secrets import seal, unseal

from .act_log import MARKET, Did, actor, record
from .initial_password import draw, give
from .lifecycle import PASSWORD_FILE, PasswordFileEvent
from .locking import lock, must_be_admin
from .models import Enterprise, ImportRun, Member, PasswordFile, PasswordPart
from .queries import NO_PASSWORD

MAKE, END = "organisations.passwords", "organisations.passwords_end"
MAKING = gettext_noop("Generating passwords")
BATCH = 100
"""Members of a transaction: a few seconds of hashing, which is done before it."""
KEPT = timedelta(days=1)
LISTED = 20


class PasswordLine(Struct, frozen=True, array_like=True):
    account: str
    name: str
    password: str


def start(enterprise: Enterprise, run: ImportRun | None, *, by: Member, now: datetime) -> PasswordFile:
    """``run``: the import; None for all members without a password. Raises ``Refused`` when nobody lacks one, and while another
    file is being generated."""
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if PasswordFile.objects.filter(enterprise=held, status=PasswordFile.Status.MAKING).exists():
            words = _("Another password file is being generated. Wait until it is ready.")
            raise Refused("password_file.open", words)
        if not _anybody_without(held.pk, run.pk if run else None):
            words = _("All these members have a password already.")
            raise Refused("password_file.nobody", words)
        made = PasswordFile.objects.create(enterprise=held, run=run, by=by.user, created_at=now)
        leased_jobs.start(MAKE, str(made.pk), payload={"file": made.pk, "member": by.pk}, now=now)
        record(held, Did.PASSWORD_FILE, actor(by), about=run, now=now)
    return made


def _without(enterprise: int, run: int | None) -> QuerySet[Member]:
    """In the order in which they were made."""
    found = Member.objects.filter(NO_PASSWORD, enterprise=enterprise)
    return found.filter(imported_by=run).order_by("pk") if run is not None else found.order_by("enterprise", "pk")


def _anybody_without(enterprise: int, run: int | None) -> bool:
    """In this order, since without one PostgreSQL may look through all members; ``exists`` drops it."""
    return bool(_without(enterprise, run).values_list("pk", flat=True)[:1])


def newest(enterprise: Enterprise, run: ImportRun) -> PasswordFile | None:
    """Of an import; not the deleted ones."""
    return _kept(enterprise).filter(run=run).first()


def list_kept(enterprise: Enterprise) -> list[PasswordFile]:
    """The newest files that are not deleted, with their imports."""
    return list(_kept(enterprise).select_related("run")[:LISTED])


def _kept(enterprise: Enterprise) -> QuerySet[PasswordFile]:
    own = PasswordFile.objects.filter(enterprise=enterprise)
    return own.exclude(status=PasswordFile.Status.DELETED).order_by("-pk")


def lacking(run: ImportRun) -> bool:
    """Whether a member that an import made has no password."""
    return _anybody_without(run.enterprise_id, run.pk)


def find(enterprise: Enterprise, pk: int) -> PasswordFile | None:
    return PasswordFile.objects.filter(enterprise=enterprise, pk=pk).first()


def job_of(one: PasswordFile) -> LeasedJob | None:
    return leased_jobs.newest(MAKE, str(one.pk))


def read(one: PasswordFile, *, by: Member, now: datetime) -> list[PasswordLine]:
    """All lines, for a download, which the history keeps. Raises ``Refused`` once it is deleted."""
    with transaction.atomic():
        held = lock(one.enterprise_id, by=by)
        found = PasswordFile.objects.get(pk=one.pk, enterprise=held)
        if found.until is None or found.until <= now or found.status == PasswordFile.Status.DELETED:
            raise Refused("password_file.gone", _("This file was deleted."), HTTPStatus.GONE)
        lines = list(_lines(found))
        record(held, Did.PASSWORD_FILE_READ, actor(by), about=found.run, now=now, note=str(len(lines)))
    return lines


def _lines(one: PasswordFile) -> Iterator[PasswordLine]:
    for sealed in one.parts.order_by("pk").values_list("sealed", flat=True):
        yield from msgspec.json.decode(unseal(sealed), type=list[PasswordLine])


def delete(one: PasswordFile, *, by: Member, now: datetime) -> None:
    """At once; a member who has a password keeps it. The same again changes nothing."""
    with transaction.atomic():
        held = lock(one.enterprise_id, by=by)
        found = PasswordFile.objects.get(pk=one.pk, enterprise=held)
        if found.status == PasswordFile.Status.MAKING:
            words = _("The file is still being generated.")
            raise Refused("password_file.open", words)
        if _delete(found, actor(by).text, now):
            record(held, Did.PASSWORD_FILE_DELETED, actor(by), about=found.run, now=now)


def _delete(found: PasswordFile, who: str, now: datetime) -> bool:
    if not PASSWORD_FILE.allows(found.status, PasswordFileEvent.DELETE):
        return False
    PasswordPart.objects.filter(file=found).delete()
    PASSWORD_FILE.move_all([found], PasswordFileEvent.DELETE, now=now, actor=who)
    return True


def end_due(payload: Mapping[str, Any], now: datetime) -> None:
    """Timer: its day is over."""
    found = PasswordFile.objects.filter(pk=payload["file"]).first()
    if found is not None and _delete(found, "market", now):
        record(found.enterprise, Did.PASSWORD_FILE_DELETED, MARKET, about=found.run, now=now)


# --- the job --------------------------------------------------------------------------------------------------------------


def task(clock: Callable[[], datetime]) -> LeasedTask:
    """``clock``: market time."""

    def work(running: Running) -> Mapping[str, Any]:
        return _make(running, clock)

    return LeasedTask(work=work, ended=_ended, at_once=1, longest=timedelta(hours=6))


def _make(running: Running, clock: Callable[[], datetime]) -> Mapping[str, Any]:
    one = PasswordFile.objects.get(pk=running.payload["file"])
    total = one.made + _without(one.enterprise_id, one.run_id).count()
    done = one.made
    running.progress(done, total, MAKING)
    while some := list(_without(one.enterprise_id, one.run_id)[:BATCH]):
        drawn = {}
        for member in some:
            drawn[member.pk] = draw()
            running.progress(done + len(drawn), max(total, done + len(drawn) + 1), MAKING)
        done += _give(one, drawn, by=running.payload["member"], now=clock())
    return {}


def _give(one: PasswordFile, drawn: Mapping[int, Any], *, by: int, now: datetime) -> int:
    """Raises ``Refused`` when the enterprise is dissolved, or who asked for the file is no administrator any more."""
    with transaction.atomic():
        held = lock(one.enterprise_id)
        must_be_admin(Member.objects.get(pk=by), held)
        if not PasswordFile.objects.filter(pk=one.pk, status=PasswordFile.Status.MAKING).exists():
            raise Refused("password_file.gone", _("This file was deleted."), HTTPStatus.GONE)
        still = Member.objects.select_related("user").filter(NO_PASSWORD, pk__in=list(drawn), enterprise=held)
        made = [give(member, drawn[member.pk], now=now) for member in still.order_by("pk")]
        lines = [PasswordLine(each.member.user_name, each.member.name, each.password) for each in made]
        if lines:
            PasswordPart.objects.create(file=one, sealed=seal(msgspec.json.encode(lines).decode()))
            PasswordFile.objects.filter(pk=one.pk).update(made=F("made") + len(lines))
    return len(lines)


def _ended(job: LeasedJob, now: datetime) -> None:
    """What was made before it stopped can be downloaded, too."""
    one = PasswordFile.objects.get(pk=job.payload["file"])
    if one.status != PasswordFile.Status.MAKING:
        return
    done = job.outcome == LeasedJob.Outcome.DONE
    event = PasswordFileEvent.FINISH if done else PasswordFileEvent.STOP
    PASSWORD_FILE.move_all([one], event, now=now, until=now + KEPT)
    jobs.schedule_all(END, [Timer(str(one.pk), now + KEPT, {"file": one.pk})])
