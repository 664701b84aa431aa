"""Versions of assets: add or update, check, decide (business-rules §2.6). Existing services keep the file with which
they were sold."""

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
"""Kind of the leased job that inspects and scans a file; its key is the version's."""
LABEL = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,39}")
MAX_DOWNLOADS = 100
MAX_ASSETS = 500
"""Maximum assets of a seller; each has any number of versions."""
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
    """Create an asset. Raises ``Refused`` with the invalid field."""
    name = " ".join(name.split())
    if kind not in dict(Asset.KINDS):
        raise _refused("asset.kind", _("Choose a type."), field="kind")
    if not 2 <= len(name) <= 100:
        raise _refused("asset.name", _("A name has 2 to 100 characters."), field="name")
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=seller.pk)
        if Asset.objects.filter(seller=seller).count() >= MAX_ASSETS:
            raise _refused("asset.too_many", _("At most %(most)s assets.") % {"most": MAX_ASSETS}, field="name")
        try:
            with transaction.atomic():
                return Asset.objects.create(seller=seller, kind=kind, name=name, by=by, created_at=now)
        except IntegrityError:
            message = _("You already have an asset with this name. Add a version to it.")
            raise _refused("asset.exists", message, field="name") from None


def delete_asset(asset: Asset) -> None:
    """Delete an asset. Raises ``Refused`` if it has versions, which are evidence, or an open upload."""
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=asset.seller_id)
        current = Asset.objects.get(pk=asset.pk)
        if current.versions.exists() or current.uploads.filter(status=Upload.Status.OPEN).exists():
            raise _refused("asset.in_use", _("Only an asset without versions and uploads can be deleted."))
        current.uploads.all().delete()
        current.delete()


def check_label(asset: Asset, label: str, *, updates: AssetVersion | None) -> str:
    """Return the label for a new file. Raises ``Refused`` for an invalid label, or one of another version."""
    if updates is not None:
        if updates.asset_id != asset.pk or updates.status != Status.APPROVED:
            raise _refused(
                "asset.updates", _("Only an approved version of this asset can be updated."), field="updates"
            )
        return updates.label
    label = label.strip()
    if not LABEL.fullmatch(label):
        message = _(
            "A version number consists of letters, digits and . _ + -, for example 2.4.1; at most 40 characters."
        )
        raise _refused("asset.label", message, field="label")
    if is_taken(asset, label):
        message = _("Version %(label)s already exists. Update it, or use another version number.") % {"label": label}
        raise _refused("asset.label_taken", message, field="label")
    return label


LABEL_HOLDING = (Status.CHECKING, Status.APPEALED, Status.REVIEW, Status.APPROVED)
"""The statuses in which a version occupies its label."""


def is_taken(asset: Asset, label: str, *, beside: Collection[int] = ()) -> bool:
    """Return whether a version other than these keys has the label."""
    return (
        AssetVersion.objects.filter(asset=asset, label=label, status__in=LABEL_HOLDING).exclude(pk__in=beside).exists()
    )


def next_number(asset: Asset) -> int:
    """Return the number of the next version; the caller has locked its seller."""
    return (asset.versions.aggregate(last=Max("number"))["last"] or 0) + 1


def record_check(version: AssetVersion, *, passed: bool, now: datetime) -> None:
    """Record the end of a check, whose verdict and report are in the row. Repeating it has no effect."""
    with transaction.atomic():
        current = AssetVersion.objects.get(pk=version.pk)
        if current.status != Status.CHECKING:
            return
        event = VersionEvent.PASS if passed else VersionEvent.FAIL
        ASSET_VERSION.move_all([current], event, now=now, checked_at=now)
        outbox.publish(AssetChecked(version=current.pk, passed=passed), now=now)


def approve(version: AssetVersion, *, by: User | None, actor: str, now: datetime) -> None:
    """Approve the version: new buyers receive it, and the version that it updates stays only for existing services.

    ``by``: recorded as responsible for a file that was not scanned. Call it in the transaction of the decision."""
    current = AssetVersion.objects.get(pk=version.pk)
    confirmed = by if current.verdict != AssetVersion.Verdict.CLEAN else None
    ASSET_VERSION.move_all(
        [current], VersionEvent.APPROVE, now=now, actor=actor, decided_at=now, confirmed_by=confirmed
    )
    predecessor = current.updates
    while predecessor is not None:
        if predecessor.status == Status.APPROVED:
            ASSET_VERSION.move(predecessor, VersionEvent.REPLACE, now=now, actor=actor)
        predecessor = predecessor.updates


def end_version(version: AssetVersion, event: VersionEvent, *, actor: str, now: datetime) -> None:
    """End a version that was rejected or withdrawn."""
    current = AssetVersion.objects.get(pk=version.pk)
    if current.status == Status.REVIEW:
        ASSET_VERSION.move_all([current], event, now=now, actor=actor, decided_at=now)


def deliverable_versions(seller: Seller, kinds: tuple[str, ...], *, clean: bool = False) -> list[AssetVersion]:
    """Return the versions with which a product of this seller can be delivered, by asset, newest first. ``clean``:
    only those that a scanner found clean."""
    versions = AssetVersion.objects.filter(asset__seller=seller, asset__kind__in=kinds, status=Status.APPROVED)
    if clean:
        versions = versions.filter(verdict=AssetVersion.Verdict.CLEAN)
    return list(versions.select_related("asset").order_by("asset__name", "-number")[:200])


def downloads_of(sold: AssetVersion) -> list[AssetVersion]:
    """Return the clean files of a sold asset, newest first: the sold version, and each approved version."""
    versions = AssetVersion.objects.filter(asset=sold.asset_id, verdict=AssetVersion.Verdict.CLEAN, file_gone=False)
    newest = list(versions.filter(Q(status=Status.APPROVED) | Q(pk=sold.pk)).order_by("-number")[:MAX_DOWNLOADS])
    return newest if sold in newest else [*newest, *versions.filter(pk=sold.pk)]


def _refused(code: str, message: str, *, field: str = "") -> Refused:
    return Refused(code, message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field, rule=RULE)
