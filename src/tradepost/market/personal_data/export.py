"""A copy of a person's data as a file: request it, write it in the background, delete it (decision 0111).

The file is an ``exports.Export``: it is kept as long as other exports, and the erasure of the account deletes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tradepost.market.base import leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.personal import Exported
from tradepost.market.exports import order as exports
from tradepost.market.exports.models import PERSONAL_DATA, Export
from tradepost.market.exports.writing import store
from tradepost.market.identity import limits, throttling
from tradepost.market.identity.models import User
from tradepost.market.notifications.tell import send_notice

from . import archive
from .declared import exported_tables
from .erase import person_of
from .models import MAX_REASON

FILE_NAME = "personal-data"
"""The name of the downloaded file."""
NOTICE = "personal_data_ready"
PROGRESS_LABEL = gettext_noop("Collecting the data")
Status = Export.Status


def newest(user: User) -> Export | None:
    """Return the copy that is in progress or ready, or the last one that failed."""
    return Export.objects.filter(user=user, site=PERSONAL_DATA).order_by("user", "-pk").first()


def request_copy(user: User, *, language: str, files: Path, now: datetime, wall: datetime) -> Export:
    """Request a copy of one's own data, after the password was checked. Deletes an earlier copy.

    Raises ``Refused`` while one is in progress, and with a wait after one within a day."""
    with transaction.atomic():
        locked_user = _lock(user)
        if wait := throttling.count(limits.PERSONAL_EXPORTS, f"{locked_user.pk}", now=wall):
            message = _("You can request your data once a day. Try again in %(time)s.") % {
                "time": throttling.format_wait(wait)
            }
            raise Refused("personal_export.too_often", message, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
        return _start(locked_user, language=language, files=files, now=now)


def order_copy(user: User, *, reason: str, files: Path, now: datetime) -> Export:
    """Request a copy as an operator, for a person who asked in writing. It appears on the person's own page. Raises
    ``Refused``."""
    if not 0 < len(reason.strip()) <= MAX_REASON:
        message = _("Enter how the person made the request, in at most %(most)s characters.") % {"most": MAX_REASON}
        raise Refused("personal_export.reason", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="reason")
    with transaction.atomic():
        locked_user = _lock(user)
        if not locked_user.is_active:
            message = _("The account is closed. The person could not download the file.")
            raise Refused("personal_export.closed", message, HTTPStatus.CONFLICT)
        return _start(locked_user, language=locked_user.language, files=files, now=now)


def work(running: leased_jobs.RunningJob, *, files: Path, more: Sequence[Exported], now: datetime) -> Mapping[str, Any]:
    """Write the file and return its facts. ``more``: declarations of contexts above this one."""
    export = Export.objects.select_related("user").filter(pk=running.payload["export"]).first()
    if export is None:
        return {}
    declarations = (*exported_tables(), *more)
    source = archive.Source(
        person=person_of(export.user), files=files, aside=exports.folder(files).root, now=now,
        begin=lambda done: running.progress(done, len(declarations), PROGRESS_LABEL), go_on=running.go_on,
    )  # fmt: skip
    with translation.override(export.language):
        file = store(files, lambda path: archive.write(path, declarations, source))
    return {"sha256": file.sha256, "size": file.size, "rows": sum(file.result.values())}


def end(job: LeasedJob, now: datetime, *, files: Path) -> None:
    """Store the result of the job and notify the owner. Deletes the file if the copy was deleted meanwhile."""
    facts: dict[str, Any] = dict(job.result or {})
    is_done = job.outcome == LeasedJob.Outcome.DONE and bool(facts)
    was_cancelled = job.outcome == LeasedJob.Outcome.CANCELLED
    facts["status"] = Status.DONE if is_done else Status.CANCELLED if was_cancelled else Status.FAILED
    exports_found = Export.objects.filter(pk=job.payload["export"])
    if not exports_found.update(ended_at=now, **facts):
        exports.delete_unused_files([facts.get("sha256", "")], files=files)
        return
    export = exports_found.select_related("user").get()
    if is_done:
        send_notice(
            export.user, NOTICE, facts={}, once=str(export.pk), link=reverse("storefront:personal_export"), now=now
        )
    else:
        throttling.undo_try(limits.PERSONAL_EXPORTS, f"{export.user_id}")


def _lock(user: User) -> User:
    """Lock the account. Raises ``Refused`` while a copy is in progress."""
    locked_user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Export.objects.filter(user=locked_user, site=PERSONAL_DATA, status=Status.WAITING).exists():
        message = _("The file is being prepared. Wait until it is ready.")
        raise Refused("personal_export.waiting", message, HTTPStatus.CONFLICT)
    return locked_user


def _start(user: User, *, language: str, files: Path, now: datetime) -> Export:
    for earlier_export in Export.objects.filter(user=user, site=PERSONAL_DATA):
        exports.delete(earlier_export, files=files, now=now)
    with translation.override(language):
        title = _("Your data")
    export = Export(
        user=user, site=PERSONAL_DATA, listing=PERSONAL_DATA, title=title, path="", format=Export.Format.ZIP, language=language, name=FILE_NAME,
    )  # fmt: skip
    return exports.order_export(export, now=now)
