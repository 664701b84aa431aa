"""Import a table of members: a leased job validates it, and after an administrator's confirmation another imports it.
Both survive a closed page and a worker that dies.

Validation changes nothing. An import reads the table again, 5,000 lines per transaction that holds the enterprise,
and judges each line by the current data. A line that was imported already changes nothing, so a line may be processed
twice without duplicates."""

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
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.settings.organisations import OrganisationSettings
from tradepost.market.base.values import replace

from .act_log import EnterpriseAction, actor_of, record
from .departments import tree_of
from .import_judge import ImportContext, decide_lines, names_of_departments
from .import_models import FOLDER
from .import_report import Report, messages_in_both_languages, with_lines
from .import_rows import apply
from .import_table import Line, invalid_table, read_table
from .lifecycle import IMPORT, ImportEvent
from .locking import check_admin, lock
from .models import Department, Enterprise, ImportRun, Invitation, Member

VALIDATE, IMPORTS = "organisations.import.look", "organisations.import"
BATCH = 5_000
"""Lines per transaction, and members per event."""
OPEN_STATUSES = (ImportRun.Status.CHECKING, ImportRun.Status.CHECKED, ImportRun.Status.IMPORTING)
LOOKING, IMPORTING = gettext_noop("Checking the table"), gettext_noop("Importing members")


class ImportLimits(Struct, frozen=True, kw_only=True):
    """``bytes``, ``lines``: limits of a table; ``members``: limit of an enterprise."""

    bytes: int
    lines: int
    members: int


def folder(files: Path) -> Files:
    """Return the store of tables, which is separate from other files, so that their cleanup does not affect it."""
    return Files(files / FOLDER)


def limits_of(settings: OrganisationSettings) -> ImportLimits:
    return ImportLimits(
        bytes=settings.import_most_bytes,
        lines=settings.import_most_lines,
        members=settings.enterprise_members_most,
    )


# --- acts of administrators
# -------------------------------------------------------------------------------------------


def upload(
    enterprise: Enterprise, name: str, content: bytes, *, by: Member, files: Files, bounds: ImportLimits, now: datetime
) -> ImportRun:
    """Store a table and start its validation. Raises ``Refused`` for an empty or too large file, or while another
    table is open."""
    if not content:
        raise invalid_table(_("The file is empty."))
    if len(content) > bounds.bytes:
        raise too_large_refusal(bounds.bytes)
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if ImportRun.objects.filter(enterprise=locked_enterprise, status__in=OPEN_STATUSES).exists():
            message = _("Another table is still open. Import or discard it before you upload the next one.")
            raise Refused("enterprise_import.open", message, field="table")
        run = ImportRun.objects.create(
            enterprise=locked_enterprise, by=by.user, file_name=name[:255] or "table", sha256=files.put(content), size=len(content),
            created_at=now,
        )  # fmt: skip
        leased_jobs.start(VALIDATE, str(run.pk), payload={"run": run.pk}, now=now)
    return run


def too_large_refusal(most: int) -> Refused:
    message = _("The file is larger than %(most)s MB. Split the table.") % {"most": f"{most / 1_048_576:g}"}
    return Refused("enterprise_import.too_large", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, field="table")


def confirm(run: ImportRun, *, by: Member, now: datetime) -> None:
    """Import the valid lines. Raises ``Refused`` if there are none, or if the table was decided meanwhile."""
    with transaction.atomic():
        enterprise = lock(run.enterprise_id, by=by)
        checked_run = _lock_run(run, ImportRun.Status.CHECKED)
        if not report_of(checked_run).right:
            message = _("No line of this table would change anything. Correct it and upload it again.")
            raise Refused("enterprise_import.nothing", message)
        unread_columns = report_of(checked_run).unread
        IMPORT.move_all(
            [checked_run],
            ImportEvent.CONFIRM,
            now=now,
            actor=actor_of(by).text,
            by=by.user,
            report=stored.dump(Report(unread=unread_columns)),
        )
        leased_jobs.start(IMPORTS, str(checked_run.pk), payload={"run": checked_run.pk, "member": by.pk}, now=now)
        record(enterprise, EnterpriseAction.IMPORTED, actor_of(by), about=checked_run, now=now)


def discard(run: ImportRun, *, by: Member, now: datetime) -> None:
    """Discard a table. A running import stops at its next step, and imported members stay. Locks the job before the
    enterprise, like the worker that ends it."""
    with transaction.atomic():
        current_run = ImportRun.objects.get(pk=run.pk)
        if current_run.status not in OPEN_STATUSES:
            raise _already_decided_refusal()
        if current_run.status != ImportRun.Status.CHECKED and (job := job_of(current_run)) is not None:
            leased_jobs.cancel(job.pk, now=now)
        lock(run.enterprise_id, by=by)
        before = current_run.status
        current_run.refresh_from_db()
        if current_run.status == ImportRun.Status.CHECKED:
            IMPORT.move_all([current_run], ImportEvent.STOP, now=now, actor=actor_of(by).text, ended_at=now)
        elif current_run.status != before:
            raise _already_decided_refusal()


def job_of(run: ImportRun) -> LeasedJob | None:
    """Return the current or last job of a table."""
    kind = VALIDATE if run.status in {ImportRun.Status.CHECKING, ImportRun.Status.UNREADABLE} else IMPORTS
    return leased_jobs.newest(kind, str(run.pk))


def report_of(run: ImportRun) -> Report:
    return stored.load(Report, run.report) if run.report else Report()


def _lock_run(run: ImportRun, expected_status: str) -> ImportRun:
    current_run = ImportRun.objects.select_related("enterprise").get(pk=run.pk)
    if current_run.status != expected_status:
        raise _already_decided_refusal()
    return current_run


def _already_decided_refusal() -> Refused:
    return Refused("enterprise_import.decided", _("This table was already imported or discarded."))


# --- the jobs -------------------------------------------------------------------------------------------------------------


def tasks(settings: Callable[[], Config], clock: Callable[[], datetime]) -> Mapping[str, LeasedTask]:
    """Return the leased tasks. ``clock``: returns market time."""

    def look(running: RunningJob) -> Mapping[str, Any]:
        return _validate(running, folder(settings().files), limits_of(settings().organisations))

    def imports(running: RunningJob) -> Mapping[str, Any]:
        return _import(running, folder(settings().files), limits_of(settings().organisations), clock)

    return {
        VALIDATE: LeasedTask(work=look, ended=_end_validation, at_once=1),
        IMPORTS: LeasedTask(work=imports, ended=_end_import, at_once=1),
    }


def _validate(running: RunningJob, files: Files, bounds: ImportLimits) -> Mapping[str, Any]:
    """Validate the table without changes. An unreadable table is a result too, with its message in both languages."""
    run = ImportRun.objects.select_related("enterprise").get(pk=running.payload["run"])
    raw = _content(run, files)

    def validate() -> Report:
        report = Report()
        for report in _reports(run, raw, bounds):  # the last report is complete
            running.progress(report.lines, 0, LOOKING)
        if not report.lines:
            raise invalid_table(_("The table has no lines below the header."))
        return report

    try:
        return stored.dump(validate())
    except Refused:
        zh, en = messages_in_both_languages(validate)
        return stored.dump(Report(zh=zh, en=en))


def _reports(run: ImportRun, raw: bytes, bounds: ImportLimits) -> Iterator[Report]:
    table = read_table(raw)
    context = _context(run.enterprise, bounds)
    report = Report(unread=table.unread)
    for lines in batched(_limit_lines(table.lines, bounds), BATCH):
        _add_members(context, run.enterprise, lines)
        report = with_lines(report, decide_lines(lines, context))
        yield report


def _limit_lines(lines: Iterator[Line], bounds: ImportLimits) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        if number > bounds.lines:
            raise invalid_table(_("A table has at most %(most)s lines. Split it.") % {"most": bounds.lines})
        yield line


def _context(enterprise: Enterprise, bounds: ImportLimits) -> ImportContext:
    codes = dict(Department.objects.filter(enterprise=enterprise, removed_at=None).values_list("pk", "code"))
    invitations = Invitation.objects.filter(enterprise=enterprise, status=Invitation.Status.PENDING)
    return ImportContext(
        departments=names_of_departments(codes, tree_of(enterprise)),
        invited=frozenset(invitations.values_list("user_name", flat=True)), room=bounds.members - enterprise.people, most=bounds.members,
    )  # fmt: skip


def _add_members(context: ImportContext, enterprise: Enterprise, lines: tuple[Line, ...]) -> None:
    names = {line.cells.get("user_name", "").lower() for line in lines}
    members = Member.objects.filter(enterprise=enterprise, user_name__in=names)
    context.members = {member.user_name: member for member in members}


def _import(
    running: RunningJob, files: Files, bounds: ImportLimits, clock: Callable[[], datetime]
) -> Mapping[str, Any]:
    """Import batch by batch; the run stores the progress, so that another attempt continues from there."""
    run = ImportRun.objects.select_related("enterprise").get(pk=running.payload["run"])
    table = read_table(_content(run, files))
    first_lines: dict[str, int] = {}
    for lines in batched(_limit_lines(table.lines, bounds), BATCH):
        running.progress(report_of(run).lines, 0, IMPORTING)
        run = _import_batch(run.pk, lines, first_lines, bounds, by=running.payload["member"], now=clock())
    return {}


def _import_batch(
    run: int, lines: tuple[Line, ...], first_lines: dict[str, int], bounds: ImportLimits, *, by: int, now: datetime
) -> ImportRun:
    """Import a batch. Raises ``Refused`` if the enterprise is dissolved, or the confirming person is no longer an
    administrator."""
    with transaction.atomic():
        import_run = ImportRun.objects.get(pk=run)
        enterprise = lock(import_run.enterprise_id)
        import_run.refresh_from_db()
        if import_run.status != ImportRun.Status.IMPORTING:
            raise _already_decided_refusal()
        check_admin(Member.objects.get(pk=by), enterprise)
        report = report_of(import_run)
        context = _context(enterprise, bounds)
        context.lines = first_lines
        new_lines = [line for line in lines if line.at > report.last]
        for line in lines[: len(lines) - len(new_lines)]:
            first_lines.setdefault(line.cells.get("user_name", "").lower(), line.at)
        _add_members(context, enterprise, tuple(new_lines))
        decisions = decide_lines(new_lines, context)
        apply(enterprise, decisions, run=import_run.pk, now=now)
        import_run.report = stored.dump(with_lines(report, decisions))
        import_run.save(update_fields=["report"])
    return import_run


def _content(run: ImportRun, files: Files) -> bytes:
    raw = files.read(run.sha256)
    if raw is None:
        raise invalid_table(_("The file no longer exists. Upload it again."))
    return raw


def _end_validation(job: LeasedJob, now: datetime) -> None:
    import_run = ImportRun.objects.get(pk=job.payload["run"])
    if import_run.status != ImportRun.Status.CHECKING:
        return
    if job.outcome == LeasedJob.Outcome.DONE and job.result and not job.result["zh"]:
        IMPORT.move_all([import_run], ImportEvent.READ, now=now, report=job.result)
        return
    IMPORT.move_all([import_run], ImportEvent.FAIL, now=now, report=_failure_report(job, Report()), ended_at=now)


def _end_import(job: LeasedJob, now: datetime) -> None:
    import_run = ImportRun.objects.get(pk=job.payload["run"])
    if import_run.status != ImportRun.Status.IMPORTING:
        return
    is_done = job.outcome == LeasedJob.Outcome.DONE
    event = ImportEvent.FINISH if is_done else ImportEvent.STOP
    report = import_run.report if is_done else _failure_report(job, report_of(import_run))
    IMPORT.move_all([import_run], event, now=now, report=report, ended_at=now)


def _failure_report(job: LeasedJob, report: Report) -> dict[str, Any]:
    """Return the report of a failed job, with the message of a refusal. Other errors are not shown to the
    administrator."""
    if job.outcome == LeasedJob.Outcome.DONE and job.result:
        return dict(job.result)
    if job.outcome == LeasedJob.Outcome.CANCELLED:
        zh, en = messages_in_both_languages(_cancelled)
    else:
        zh, en = messages_in_both_languages(_raise_interrupted)
    return stored.dump(replace(report, zh=zh, en=en))


def _cancelled() -> None:
    raise invalid_table(_("An administrator stopped it."))


def _raise_interrupted() -> None:
    message = _(
        "The import was interrupted. The enterprise was dissolved, the person who started it is no longer an "
        "administrator, or the market failed."
    )
    raise invalid_table(message)
