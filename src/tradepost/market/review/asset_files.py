"""A file of the asset center that was checked becomes a submission: refused by what was found, or waiting for an operator."""

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


def hand_in_checked(event: AssetChecked, *, settings: Config, now: datetime) -> None:
    """Repeating it changes nothing. One that was refused is handed in anew when an appeal was accepted."""
    version = AssetVersion.objects.select_related("asset__seller", "updates", "by").get(pk=event.version)
    before = submission_of(version)
    if before is not None and not (event.passed and before.status == Submission.Status.FAILED):
        return
    seller, by = version.asset.seller, version.by or _owner(version)
    with transaction.atomic():
        begun = drafts.begin(
            "asset", seller, by=by, now=now, document=document_of(version), about=about(version), earlier=before
        )
        sent = submit.submit(begun, by=by, settings=settings, now=now)
        if event.passed:
            submit.passed(sent.pk, settings=settings, now=now)
        else:
            submit.failed(sent.pk, stored_findings(lambda: scan_words.refusals(version)), settings=settings, now=now)


def submission_of(version: AssetVersion) -> Submission | None:
    found = Submission.objects.filter(seller=version.asset.seller_id, kind="asset", about=about(version))
    return found.defer("document").order_by("-pk").first()


def version_to_correct(asset: Asset) -> AssetVersion | None:
    """The newest version of the asset, if it was refused or withdrawn: the next file takes its place."""
    newest = asset.versions.select_related("asset__seller").order_by("-number").first()
    return newest if newest is not None and newest.status in REFUSED else None


def _owner(version: AssetVersion) -> User:
    """Who answers for the seller, where the account that uploaded it is gone."""
    owners = Member.objects.filter(seller=version.asset.seller_id, role=Member.Role.OWNER)
    return owners.select_related("user").earliest("pk").user
