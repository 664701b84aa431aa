"""Submit a checked file of the asset center: failed by its findings, or waiting for an operator."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tradepost.market.assets import scan_words
from tradepost.market.assets.asset_models import Asset, AssetVersion
from tradepost.market.assets.events import AssetChecked
from tradepost.market.assets.retention import REFUSED
from tradepost.market.base.config import Config
from tradepost.market.base.findings import stored_findings
from tradepost.market.identity.models import Member, User

from . import drafts, submit
from .kinds.asset import about, document_of
from .models import Submission


def submit_checked_file(event: AssetChecked, *, settings: Config, now: datetime) -> None:
    """Reaction: submit the file. Repeating it has no effect. A refused file is submitted again after an accepted
    appeal."""
    version = AssetVersion.objects.select_related("asset__seller", "updates", "by").get(pk=event.version)
    earlier_submission = submission_of(version)
    if earlier_submission is not None and not (event.passed and earlier_submission.status == Submission.Status.FAILED):
        return
    seller, by = version.asset.seller, version.by or _owner(version)
    with transaction.atomic():
        draft = drafts.begin(
            "asset",
            seller,
            by=by,
            now=now,
            document=document_of(version),
            about=about(version),
            earlier=earlier_submission,
        )
        sent_submission = submit.submit(draft, by=by, settings=settings, now=now)
        if event.passed:
            submit.record_passed_checks(sent_submission.pk, settings=settings, now=now)
        else:
            submit.record_failed_checks(
                sent_submission.pk, stored_findings(lambda: scan_words.refusals(version)), settings=settings, now=now
            )


def submission_of(version: AssetVersion) -> Submission | None:
    submissions = Submission.objects.filter(seller=version.asset.seller_id, kind="asset", about=about(version))
    return submissions.defer("document").order_by("-pk").first()


def version_to_correct(asset: Asset) -> AssetVersion | None:
    """Return the newest version of the asset if it was refused or withdrawn, so that the next file replaces it."""
    newest_version = asset.versions.select_related("asset__seller").order_by("-number").first()
    return newest_version if newest_version is not None and newest_version.status in REFUSED else None


def _owner(version: AssetVersion) -> User:
    """Return an owner of the seller, if the uploader's account no longer exists."""
    owners = Member.objects.filter(seller=version.asset.seller_id, role=Member.Role.OWNER)
    return owners.select_related("user").earliest("pk").user
