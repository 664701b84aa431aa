"""A table of members is looked through, and imported when an administrator says so: each a leased job, so that both survive a
closed page, and a worker that dies.

Nothing is changed by the look. An import goes through the table again, 5,000 lines in a transaction that holds the enterprise, and
judges each line anew by what is there by then: what was imported before is the same, so that a line may be done twice and nobody is
made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from itertools import batched
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from msgspec import Struct

from tradepost.market.base import leased_jobs, stored
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.values import replace

from .act_log import Did, actor, record
from .departments import tree_of
from .import_judge import Known, judge_all, names_of_departments
from .import_models import FOLDER
from .import_report import Report, in_both, with_lines
from .import_rows import apply
from .import_table import Line, read_table, wrong_table
from .lifecycle import IMPORT, ImportEvent
from .locking import lock, must_be_admin
from .models import Department, Enterprise, ImportRun, Invitation, Member

LOOK, IMPORTS = "organisations.import.look", "organisations.import"
BATCH = 5_000
"""Lines of a transaction, and members that one event names."""
OPEN = (ImportRun.Status.CHECKING, ImportRun.Status.CHECKED, ImportRun.Status.IMPORTING)
LOOKING, IMPORTING = gettext_noop("Looking through the table"), gettext_noop("Importing members")


class Bounds(Struct, frozen=True, kw_only=True):
    """``bytes``, ``lines``: of a table; ``members``: of an enterprise."""

    bytes: int
    lines: int
    members: int


def folder(files: Path) -> Files:
    """Where tables lie: beside other files, so that nothing that clears those away knows of them."""
    return Files(files / FOLDER)


def bounds_of(settings: Config) -> Bounds:
    return Bounds(
        bytes=settings.import_most_bytes, lines=settings.import_most_lines, members=settings.enterprise_members_most
    )


# --- what people do -------------------------------------------------------------------------------------------------------


def hand_in(
    enterprise: Enterprise, name: str, content: bytes, *, by: Member, files: Files, bounds: Bounds, now: datetime
) -> ImportRun:
    """Keep the table and have it looked through. Raises ``Refused`` for an empty file, one that is too large, and while another
    table is open."""
    if not content:
        raise wrong_table(_("The file is empty."))
    if len(content) > bounds.bytes:
        raise too_large(bounds.bytes)
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if ImportRun.objects.filter(enterprise=held, status__in=OPEN).exists():
            words = _("Another table is open. Import it, or drop it, before you hand in the next one.")
            raise Refused("enterprise_import.open", words, field="table")
        run = ImportRun.objects.create(
            enterprise=held, by=by.user, file_name=name[:255] or "table", sha256=files.put(content), size=len(content),
            created_at=now,
        )  # fmt: skip
        leased_jobs.start(LOOK, str(run.pk), payload={"run": run.pk}, now=now)
    return run


def too_large(most: int) -> Refused:
    words = _("The file is larger than %(most)s MB. Split the table.") % {"most": f"{most / 1_048_576:g}"}
    return Refused("enterprise_import.too_large", words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, field="table")


def confirm(run: ImportRun, *, by: Member, now: datetime) -> None:
    """Import the lines that are right. Raises ``Refused`` when there is none, or it was decided meanwhile."""
    with transaction.atomic():
        held = lock(run.enterprise_id, by=by)
        one = _still(run, ImportRun.Status.CHECKED)
        if not report_of(one).right:
            words = _("No line of this table would change anything. Correct it and hand it in again.")
            raise Refused("enterprise_import.nothing", words)
        unread = report_of(one).unread
        IMPORT.move_all(
            [one],
            ImportEvent.CONFIRM,
            now=now,
            actor=actor(by).text,
            by=by.user,
            report=stored.dump(Report(unread=unread)),
        )
        leased_jobs.start(IMPORTS, str(one.pk), payload={"run": one.pk, "member": by.pk}, now=now)
        record(held, Did.IMPORTED, actor(by), about=one, now=now)


def drop(run: ImportRun, *, by: Member, now: datetime) -> None:
    """Import nothing of it. What is being imported is stopped at its next step: who is in by then stays. The job is locked before
    the enterprise, as by the worker that ends it."""
    with transaction.atomic():
        one = ImportRun.objects.get(pk=run.pk)
        if one.status not in OPEN:
            raise _decided()
        if one.status != ImportRun.Status.CHECKED and (job := job_of(one)) is not None:
            leased_jobs.cancel(job.pk, now=now)
        lock(run.enterprise_id, by=by)
        before = one.status
        one.refresh_from_db()
        if one.status == ImportRun.Status.CHECKED:
            IMPORT.move_all([one], ImportEvent.STOP, now=now, actor=actor(by).text, ended_at=now)
        elif one.status != before:
            raise _decided()


def job_of(run: ImportRun) -> LeasedJob | None:
    """The job that works on it, or did last."""
    kind = LOOK if run.status in {ImportRun.Status.CHECKING, ImportRun.Status.UNREADABLE} else IMPORTS
    return leased_jobs.newest(kind, str(run.pk))


def report_of(run: ImportRun) -> Report:
    return stored.load(Report, run.report) if run.report else Report()


def _still(run: ImportRun, wanted: str) -> ImportRun:
    one = ImportRun.objects.select_related("enterprise").get(pk=run.pk)
    if one.status != wanted:
        raise _decided()
    return one


def _decided() -> Refused:
    return Refused("enterprise_import.decided", _("This table was imported or dropped meanwhile."))


# --- the jobs -------------------------------------------------------------------------------------------------------------


def tasks(settings: Callable[[], Config], clock: Callable[[], datetime]) -> Mapping[str, LeasedTask]:
    """``clock``: market time."""

    def look(running: Running) -> Mapping[str, Any]:
        return _look(running, folder(settings().files), bounds_of(settings()))

    def imports(running: Running) -> Mapping[str, Any]:
        return _import(running, folder(settings().files), bounds_of(settings()), clock)

    return {
        LOOK: LeasedTask(work=look, ended=_looked, at_once=1),
        IMPORTS: LeasedTask(work=imports, ended=_imported, at_once=1),
    }


def _look(running: Running, files: Files, bounds: Bounds) -> Mapping[str, Any]:
    """Read only. A table that is none is a result, too: its words are kept in both languages."""
    run = ImportRun.objects.select_related("enterprise").get(pk=running.payload["run"])
    raw = _raw(run, files)

    def go_through() -> Report:
        report = Report()
        for report in _reports(run, raw, bounds):  # the last one is whole
            running.progress(report.lines, 0, LOOKING)
        if not report.lines:
            raise wrong_table(_("The table has no line below its first one."))
        return report

    try:
        return stored.dump(go_through())
    except Refused:
        zh, en = in_both(go_through)
        return stored.dump(Report(zh=zh, en=en))


def _reports(run: ImportRun, raw: bytes, bounds: Bounds) -> Iterator[Report]:
    table = read_table(raw)
    known = _known(run.enterprise, bounds)
    report = Report(unread=table.unread)
    for lines in batched(_bounded(table.lines, bounds), BATCH):
        _add_standing(known, run.enterprise, lines)
        report = with_lines(report, judge_all(lines, known))
        yield report


def _bounded(lines: Iterator[Line], bounds: Bounds) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        if number > bounds.lines:
            raise wrong_table(_("A table has at most %(most)s lines. Split it.") % {"most": bounds.lines})
        yield line


def _known(enterprise: Enterprise, bounds: Bounds) -> Known:
    codes = dict(Department.objects.filter(enterprise=enterprise, removed_at=None).values_list("pk", "code"))
    invited = Invitation.objects.filter(enterprise=enterprise, status=Invitation.Status.PENDING)
    return Known(
        departments=names_of_departments(codes, tree_of(enterprise)),
        invited=frozenset(invited.values_list("user_name", flat=True)), room=bounds.members - enterprise.people, most=bounds.members,
    )  # fmt: skip


def _add_standing(known: Known, enterprise: Enterprise, lines: tuple[Line, ...]) -> None:
    names = {line.said.get("user_name", "").lower() for line in lines}
    found = Member.objects.filter(enterprise=enterprise, user_name__in=names)
    known.members = {one.user_name: one for one in found}


def _import(running: Running, files: Files, bounds: Bounds, clock: Callable[[], datetime]) -> Mapping[str, Any]:
    """Transaction by transaction; each says in the run how far it is, so that another attempt goes on behind it."""
    run = ImportRun.objects.select_related("enterprise").get(pk=running.payload["run"])
    table = read_table(_raw(run, files))
    seen: dict[str, int] = {}
    for lines in batched(_bounded(table.lines, bounds), BATCH):
        running.progress(report_of(run).lines, 0, IMPORTING)
        run = _import_batch(run.pk, lines, seen, bounds, by=running.payload["member"], now=clock())
    return {}


def _import_batch(
    run: int, lines: tuple[Line, ...], seen: dict[str, int], bounds: Bounds, *, by: int, now: datetime
) -> ImportRun:
    """Raises ``Refused`` when the enterprise is dissolved, or who confirmed it is no administrator any more."""
    with transaction.atomic():
        one = ImportRun.objects.get(pk=run)
        held = lock(one.enterprise_id)
        one.refresh_from_db()
        if one.status != ImportRun.Status.IMPORTING:
            raise _decided()
        must_be_admin(Member.objects.get(pk=by), held)
        report = report_of(one)
        known = _known(held, bounds)
        known.lines = seen
        new = [line for line in lines if line.at > report.last]
        for line in lines[: len(lines) - len(new)]:
            seen.setdefault(line.said.get("user_name", "").lower(), line.at)
        _add_standing(known, held, tuple(new))
        judged = judge_all(new, known)
        apply(held, judged, run=one.pk, now=now)
        one.report = stored.dump(with_lines(report, judged))
        one.save(update_fields=["report"])
    return one


def _raw(run: ImportRun, files: Files) -> bytes:
    raw = files.read(run.sha256)
    if raw is None:
        raise wrong_table(_("The file is not there any more. Hand it in again."))
    return raw


def _looked(job: LeasedJob, now: datetime) -> None:
    one = ImportRun.objects.get(pk=job.payload["run"])
    if one.status != ImportRun.Status.CHECKING:
        return
    if job.outcome == LeasedJob.Outcome.DONE and job.result and not job.result["zh"]:
        IMPORT.move_all([one], ImportEvent.READ, now=now, report=job.result)
        return
    IMPORT.move_all([one], ImportEvent.FAIL, now=now, report=_failed(job, Report()), ended_at=now)


def _imported(job: LeasedJob, now: datetime) -> None:
    one = ImportRun.objects.get(pk=job.payload["run"])
    if one.status != ImportRun.Status.IMPORTING:
        return
    done = job.outcome == LeasedJob.Outcome.DONE
    event = ImportEvent.FINISH if done else ImportEvent.STOP
    report = one.report if done else _failed(job, report_of(one))
    IMPORT.move_all([one], event, now=now, report=report, ended_at=now)


def _failed(job: LeasedJob, report: Report) -> dict[str, Any]:
    """A refusal is told in its words; what else went wrong is not the administrator's to read."""
    if job.outcome == LeasedJob.Outcome.DONE and job.result:
        return dict(job.result)
    if job.outcome == LeasedJob.Outcome.CANCELLED:
        zh, en = in_both(_cancelled)
    else:
        zh, en = in_both(_broken_off)
    return stored.dump(replace(report, zh=zh, en=en))


def _cancelled() -> None:
    raise wrong_table(_("An administrator stopped it."))


def _broken_off() -> None:
    words = _(
        "It was broken off: the enterprise was dissolved, or who began it is no administrator any more, or the market failed."
    )
    raise wrong_table(words)
