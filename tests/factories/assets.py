"""Assets and uploaded files, created by the functions that the pages call and checked as a worker does."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from itertools import count

from tradepost.market.assets import check_version, upload, versions
from tradepost.market.assets.asset_models import Asset, AssetVersion, Upload
from tradepost.market.assets.events import AssetChecked
from tradepost.market.assets.upload import UploadLimits
from tradepost.market.assets.versions import CHECK
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import Config, config
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.review import asset_files
from tradepost.market.review.models import Submission

from .people import NOW

LIMITS = UploadLimits(most_bytes=2**30, day_bytes=2**32, day_files=1000, keep=timedelta(days=7))
_numbers = count(1)


def package(**files: bytes) -> bytes:
    """Return a valid software package. Its bytes are always the same."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (files or {"bin/agent": b"\x7fELF agent"}).items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def owner_of(seller: Seller) -> User:
    return Member.objects.filter(seller=seller).select_related("user").earliest("pk").user


def make_asset(seller: Seller, *, kind: str = "package", name: str = "") -> Asset:
    return versions.create_asset(
        seller, kind=kind, name=name or f"Agent {next(_numbers)}", by=owner_of(seller), now=NOW
    )


def begin_upload(
    asset: Asset, length: int, *, label: str = "", file_name: str = "agent.zip", updates: AssetVersion | None = None,
    now: datetime = NOW,
) -> Upload:  # fmt: skip
    return upload.begin(
        asset, label=label or f"1.{next(_numbers)}", notes="", updates=updates, file_name=file_name, length=length,
        by=owner_of(asset.seller), limits=LIMITS, folder=config().uploads, now=now,
    )  # fmt: skip


def upload_version(
    asset: Asset, content: bytes | None = None, *, label: str = "", file_name: str = "agent.zip",
    updates: AssetVersion | None = None, now: datetime = NOW,
) -> AssetVersion:  # fmt: skip
    """Return an uploaded file that has not been checked."""
    content = package() if content is None else content
    begun = begin_upload(asset, len(content), label=label, file_name=file_name, updates=updates, now=now)
    whole = upload.append(
        begun, offset=0, content=content, whole=len(content), checksum=None, keep=LIMITS.keep, folder=config().uploads,
        now=now,
    )  # fmt: skip
    assert whole.version is not None
    return whole.version


def check_uploads(settings: Config | None = None, *, now: datetime = NOW) -> None:
    """Check uploaded files as a worker does, up to the operators' queue."""
    told = settings or config()
    task = check_version.task(lambda: told)
    checking = list(AssetVersion.objects.filter(status=AssetVersion.Status.CHECKING).values_list("pk", flat=True))
    leased_jobs.run_due({CHECK: task}, now=lambda: now, wall=clock.wall, owner="a worker of tests")
    for pk in checking:
        version = AssetVersion.objects.get(pk=pk)
        passed = version.status == AssetVersion.Status.REVIEW
        asset_files.submit_checked_file(AssetChecked(version=pk, passed=passed), settings=told, now=now)


def make_version(asset: Asset, content: bytes | None = None, **upload_: object) -> AssetVersion:
    """Return a version that was checked. Without a scanner, an operator has to decide."""
    version = upload_version(asset, content, **upload_)  # type: ignore[arg-type]
    check_uploads()
    version.refresh_from_db()
    return version


def submission_of(version: AssetVersion) -> Submission:
    found = asset_files.submission_of(version)
    assert found is not None
    return found
