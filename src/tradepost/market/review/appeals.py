"""A seller contests what a report says: one act, from its page to the operators' queue (business-rules §2.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base import stored
from tradepost.market.base.config import Config
from tradepost.market.base.values import replace
from tradepost.market.identity.models import Seller, User
from tradepost.market.web_scan.models import WebScan

from . import drafts, submit
from .kinds.appeal import KIND
from .kinds.appeal.documents import Appeal
from .kinds.appeal.reports import OfFile, OfWebSite, Report
from .models import Submission


def appeal(
    run: WebScan, whys: Mapping[str, str], proofs: Sequence[str], *, by: User, settings: Config, now: datetime
) -> Submission:
    """``whys``: fingerprint of a finding → why it is mistaken. Raises ``Incomplete`` with what is missing, and ``Refused`` while
    another appeal about this site is decided; nothing was changed then."""
    wanted = Appeal(scan=run.pk, url=run.url)
    return _send(
        OfWebSite(run), wanted, whys, proofs, seller=run.seller_id, about=_site(run), by=by, settings=settings, now=now
    )


def appeal_file(
    version: AssetVersion, whys: Mapping[str, str], proofs: Sequence[str], *, by: User, settings: Config, now: datetime
) -> Submission:
    """The same against what refused a file of the asset center."""
    wanted = Appeal(version=version.pk, file=f"{version.asset.name} {version.label} · {version.file_name}")
    return _send(
        OfFile(version), wanted, whys, proofs, seller=version.asset.seller_id, about=_file(version), by=by,
        settings=settings, now=now,
    )  # fmt: skip


def _send(
    report: Report, wanted: Appeal, whys: Mapping[str, str], proofs: Sequence[str], *, seller: int, about: str, by: User,
    settings: Config, now: datetime,
) -> Submission:  # fmt: skip
    with transaction.atomic():
        locked = Seller.objects.select_for_update(no_key=True).get(pk=seller)
        document = replace(
            wanted,
            findings=tuple(
                replace(one, why=whys[one.fingerprint]) for one in report.blocking() if one.fingerprint in whys
            ),
            proofs=tuple(dict.fromkeys(proofs)),
        )
        begun = drafts.begin(KIND.name, locked, by=by, now=now, document=document, about=about)
        return submit.submit(begun, by=by, settings=settings, now=now)


def _site(run: WebScan) -> str:
    """Of each site one is decided at a time: it is about what that site showed last."""
    return f"web_task:{run.task_id}"


def _file(version: AssetVersion) -> str:
    return f"asset:{version.pk}"


def open_appeal(run: WebScan) -> Submission | None:
    """The one about this site that waits for an operator."""
    return drafts.open_of(KIND.name, run.seller, about=_site(run))


def appeal_to_correct(run: WebScan) -> Submission | None:
    """The last appeal about this site, if it was rejected or withdrawn."""
    return drafts.to_correct(KIND.name, run.seller, about=_site(run))


def appeal_to_correct_of(version: AssetVersion) -> Submission | None:
    """The last appeal about this file, if it was rejected or withdrawn."""
    return drafts.to_correct(KIND.name, version.asset.seller, about=_file(version))


def last_appeal(run: WebScan) -> Submission | None:
    """The last one about this report."""
    sent = Submission.objects.filter(seller=run.seller_id, kind=KIND.name, document__scan=run.pk)
    return sent.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()


def last_appeal_of(version: AssetVersion) -> Submission | None:
    """The last one about this file."""
    sent = Submission.objects.filter(seller=version.asset.seller_id, kind=KIND.name, about=_file(version))
    return sent.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()


def about(submission: Submission) -> Appeal:
    """What an appeal says, and which report it is about."""
    return stored.load(Appeal, submission.document)
