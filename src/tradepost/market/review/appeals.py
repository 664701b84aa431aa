"""Appeals of a seller against a report, from its page to the operators' queue (business-rules §2.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base import stored
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.identity.models import Seller, User
from tradepost.market.web_scan import tasks
from tradepost.market.web_scan.contract import RULE
from tradepost.market.web_scan.models import WebScan, WebTask

from . import drafts, submit
from .kinds.appeal import KIND
from .kinds.appeal.documents import Appeal
from .kinds.appeal.reports import FileReport, Report, WebSiteReport
from .models import Submission


def appeal(
    run: WebScan, whys: Mapping[str, str], proofs: Sequence[str], *, by: User, settings: Config, now: datetime
) -> Submission:
    """Appeal against findings of a web check. ``whys``: fingerprint of a finding → why it is a false positive.

    Raises ``Incomplete`` with what is missing, and ``Refused`` while another appeal about this site is open, without
    a change."""
    document = Appeal(scan=run.pk, url=run.url)
    return _send(
        WebSiteReport(run),
        document,
        whys,
        proofs,
        seller=run.seller_id,
        about=_site(run),
        by=by,
        settings=settings,
        now=now,
    )


def appeal_file(
    version: AssetVersion, whys: Mapping[str, str], proofs: Sequence[str], *, by: User, settings: Config, now: datetime
) -> Submission:
    """Appeal against findings that refused a file of the asset center."""
    document = Appeal(version=version.pk, file=f"{version.asset.name} {version.label} · {version.file_name}")
    return _send(
        FileReport(version), document, whys, proofs, seller=version.asset.seller_id, about=_file(version), by=by,
        settings=settings, now=now,
    )  # fmt: skip


def _send(
    report: Report, template: Appeal, reasons: Mapping[str, str], proofs: Sequence[str], *, seller: int, about: str, by: User,
    settings: Config, now: datetime,
) -> Submission:  # fmt: skip
    with transaction.atomic():
        locked_seller = Seller.objects.select_for_update(no_key=True).get(pk=seller)
        document = replace(
            template,
            findings=tuple(
                replace(finding, why=reasons[finding.fingerprint])
                for finding in report.blocking()
                if finding.fingerprint in reasons
            ),
            proofs=tuple(dict.fromkeys(proofs)),
        )
        draft = drafts.begin(KIND.name, locked_seller, by=by, now=now, document=document, about=about)
        return submit.submit(draft, by=by, settings=settings, now=now)


def delete_task(task: WebTask) -> None:
    """Delete the web check with its reports. Raises ``Refused`` while an appeal against one of them is in review, and
    like ``tasks.delete_task``."""
    with transaction.atomic():
        locked_seller = Seller.objects.select_for_update(no_key=True).get(pk=task.seller_id)
        if drafts.open_submission_of(KIND.name, locked_seller, about=_task(task.pk)) is not None:
            message = _(
                "An appeal against a report of this task is in review. Wait for the decision or withdraw the appeal."
            )
            raise Refused("web_task.appealed", message, rule=RULE)
        tasks.delete_task(task)


def web_report_of(submission: Submission) -> int | None:
    """Return the key of the appeal's web report; None if it is about a file, or the report was deleted."""
    return WebScan.objects.filter(pk=appeal_of(submission).scan).values_list("pk", flat=True).first()


def _site(run: WebScan) -> str:
    """One appeal per site can be open, because it is about the site's last report."""
    return _task(run.task_id)


def _task(pk: int) -> str:
    return f"web_task:{pk}"


def _file(version: AssetVersion) -> str:
    return f"asset:{version.pk}"


def find_open_appeal(run: WebScan) -> Submission | None:
    """Return the open appeal about this site."""
    return drafts.open_submission_of(KIND.name, run.seller, about=_site(run))


def appeal_to_correct(run: WebScan) -> Submission | None:
    """Return the last appeal about this site, if it was rejected or withdrawn."""
    return drafts.submission_to_correct(KIND.name, run.seller, about=_site(run))


def appeal_to_correct_of(version: AssetVersion) -> Submission | None:
    """Return the last appeal about this file, if it was rejected or withdrawn."""
    return drafts.submission_to_correct(KIND.name, version.asset.seller, about=_file(version))


def last_appeal(run: WebScan) -> Submission | None:
    """Return the last appeal about this report."""
    sent_submissions = Submission.objects.filter(seller=run.seller_id, kind=KIND.name, document__scan=run.pk)
    return sent_submissions.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()


def last_appeal_of(version: AssetVersion) -> Submission | None:
    """Return the last appeal about this file."""
    sent_submissions = Submission.objects.filter(seller=version.asset.seller_id, kind=KIND.name, about=_file(version))
    return sent_submissions.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()


def appeal_of(submission: Submission) -> Appeal:
    """Return the document of an appeal."""
    return stored.load(Appeal, submission.document)
