"""Versions of assets: added or updated, checked, decided (business-rules §2.6). What was sold keeps the file it was sold with."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import Lifecycle
from tradepost.market.identity.models import Seller, User

from .asset_models import Asset, AssetVersion, Upload
from .events import AssetChecked

RULE = "business-rules §2.6"
CHECK = "assets.check"
"""The leased job that reads a file and has it scanned; its key is the version's."""
LABEL = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,39}")
MAX_DOWNLOADS = 100
ASSETS_MOST = 500
"""Of one seller; each has any number of versions."""
Status = AssetVersion.Status


class VersionEvent(StrEnum):
    PASS = "pass"  # noqa: S105  # a check is passed
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REPLACE = "replace"
    APPEAL = "appeal"
    ACCEPT = "accept"
    DENY = "deny"


ASSET_VERSION: Lifecycle[AssetVersion.Status, VersionEvent] = Lifecycle(
    "asset version",
    {
        (Status.CHECKING, VersionEvent.PASS): Status.REVIEW,
        (Status.CHECKING, VersionEvent.FAIL): Status.FAILED,
        (Status.REVIEW, VersionEvent.APPROVE): Status.APPROVED,
        (Status.REVIEW, VersionEvent.REJECT): Status.REJECTED,
        (Status.REVIEW, VersionEvent.WITHDRAW): Status.WITHDRAWN,
        (Status.APPROVED, VersionEvent.REPLACE): Status.REPLACED,
        (Status.FAILED, VersionEvent.APPEAL): Status.APPEALED,
        (Status.APPEALED, VersionEvent.ACCEPT): Status.REVIEW,
        (Status.APPEALED, VersionEvent.DENY): Status.FAILED,
    },
)


def create_asset(seller: Seller, *, kind: str, name: str, by: User, now: datetime) -> Asset:
    """Raises ``Refused`` beside its field."""
    name = " ".join(name.split())
    if kind not in dict(Asset.KINDS):
        raise _refused("asset.kind", _("Choose what it is."), field="kind")
    if not 2 <= len(name) <= 100:
        raise _refused("asset.name", _("A name has 2 to 100 characters."), field="name")
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=seller.pk)
        if Asset.objects.filter(seller=seller).count() >= ASSETS_MOST:
            raise _refused("asset.too_many", _("At most %(most)s assets.") % {"most": ASSETS_MOST}, field="name")
        try:
            with transaction.atomic():
                return Asset.objects.create(seller=seller, kind=kind, name=name, by=by, created_at=now)
        except IntegrityError:
            words = _("You have an asset of this name: add a version to it.")
            raise _refused("asset.exists", words, field="name") from None


def delete_asset(asset: Asset) -> None:
    """Raises ``Refused`` for one that has, or is getting, a version: those are evidence."""
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=asset.seller_id)
        standing = Asset.objects.get(pk=asset.pk)
        if standing.versions.exists() or standing.uploads.filter(status=Upload.Status.OPEN).exists():
            raise _refused("asset.in_use", _("Only an asset without versions and uploads can be deleted."))
        standing.uploads.all().delete()
        standing.delete()


def check_label(asset: Asset, label: str, *, updates: AssetVersion | None) -> str:
    """The label that a new file gets. Raises ``Refused`` for one that is no label, or is another version's."""
    if updates is not None:
        if updates.asset_id != asset.pk or updates.status != Status.APPROVED:
            raise _refused(
                "asset.updates", _("Only an approved version of this asset can be updated."), field="updates"
            )
        return updates.label
    label = label.strip()
    if not LABEL.fullmatch(label):
        words = _("A version is called by letters, digits and . _ + -, for example 2.4.1; at most 40 characters.")
        raise _refused("asset.label", words, field="label")
    if is_taken(asset, label):
        words = _("There is a version %(label)s. Update it, or call the new one otherwise.") % {"label": label}
        raise _refused("asset.label_taken", words, field="label")
    return label


STANDING = (Status.CHECKING, Status.APPEALED, Status.REVIEW, Status.APPROVED)
"""A label is theirs."""


def is_taken(asset: Asset, label: str, *, beside: Collection[int] = ()) -> bool:
    """Whether a version other than these keys has the label."""
    return AssetVersion.objects.filter(asset=asset, label=label, status__in=STANDING).exclude(pk__in=beside).exists()


def next_number(asset: Asset) -> int:
    """Of the next version; its seller is locked."""
    return (asset.versions.aggregate(last=Max("number"))["last"] or 0) + 1


def record_check(version: AssetVersion, *, passed: bool, now: datetime) -> None:
    """The check of a file ended; its verdict and report stand in the row. Repeating it changes nothing."""
    with transaction.atomic():
        standing = AssetVersion.objects.get(pk=version.pk)
        if standing.status != Status.CHECKING:
            return
        event = VersionEvent.PASS if passed else VersionEvent.FAIL
        ASSET_VERSION.move_all([standing], event, now=now, checked_at=now)
        outbox.publish(AssetChecked(version=standing.pk, passed=passed), now=now)


def approve(version: AssetVersion, *, by: User | None, actor: str, now: datetime) -> None:
    """New buyers can choose it from now on; one that it updates is for those who have it already. ``by`` answers for a file
    that was not scanned. Inside of the transaction that decides."""
    standing = AssetVersion.objects.get(pk=version.pk)
    confirmed = by if standing.verdict != AssetVersion.Verdict.CLEAN else None
    ASSET_VERSION.move_all(
        [standing], VersionEvent.APPROVE, now=now, actor=actor, decided_at=now, confirmed_by=confirmed
    )
    before = standing.updates
    while before is not None:
        if before.status == Status.APPROVED:
            ASSET_VERSION.move(before, VersionEvent.REPLACE, now=now, actor=actor)
        before = before.updates


def end(version: AssetVersion, event: VersionEvent, *, actor: str, now: datetime) -> None:
    """It was rejected or withdrawn."""
    standing = AssetVersion.objects.get(pk=version.pk)
    if standing.status == Status.REVIEW:
        ASSET_VERSION.move_all([standing], event, now=now, actor=actor, decided_at=now)


def choosable(seller: Seller, kinds: tuple[str, ...], *, clean: bool = False) -> list[AssetVersion]:
    """Versions that a product of this seller can be delivered with, by asset, newest first. ``clean``: only those without
    malware, as far as a scanner looked."""
    found = AssetVersion.objects.filter(asset__seller=seller, asset__kind__in=kinds, status=Status.APPROVED)
    if clean:
        found = found.filter(verdict=AssetVersion.Verdict.CLEAN)
    return list(found.select_related("asset").order_by("asset__name", "-number")[:200])


def downloads_of(sold: AssetVersion) -> list[AssetVersion]:
    """Return the clean files of a sold asset, newest first: the version that was sold, and each approved version."""
    found = AssetVersion.objects.filter(asset=sold.asset_id, verdict=AssetVersion.Verdict.CLEAN, file_gone=False)
    newest = list(found.filter(Q(status=Status.APPROVED) | Q(pk=sold.pk)).order_by("-number")[:MAX_DOWNLOADS])
    return newest if sold in newest else [*newest, *found.filter(pk=sold.pk)]


def _refused(code: str, message: str, *, field: str = "") -> Refused:
    return Refused(code, message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field, rule=RULE)
