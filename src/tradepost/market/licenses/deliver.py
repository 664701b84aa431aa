"""A seller delivers the license of an application (openapi-jointkit §C.7). Codes are the API's own: sellers' programs read them."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import outbox
from tradepost.market.base.files import Files
from tradepost.market.base.files import sha256_of as hash_of
from tradepost.market.base.secrets import seal
from tradepost.market.subscriptions.renewable import LIVING
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import ERRORS, TextUpload, Upload

from .events import LicenseTold
from .license_files import kept_file, sha256_of
from .lifecycle import LICENSE_REQUEST, LicenseEvent
from .models import LicenseRequest

NO_SUCH, SERVICE_ENDED, BAD_TEXT = ERRORS["91381034"], ERRORS["91381033"], ERRORS["91381037"]
DENIED = ERRORS["91381038"]


def check_application(seller_id: int, event_id: str, *, sha256: str = "") -> None:
    """What is known before a license comes: whether it would be taken. ``sha256``: of its bytes, empty where that comes with
    them. Raises ``ApiRefused``."""
    requests = LicenseRequest.objects.select_related("subscription")
    found = _taking(requests.filter(event_id=event_id, seller=seller_id).first())
    if sha256 and found.status == LicenseRequest.Status.DELIVERED and sha256 != sha256_of(found):
        raise ApiRefused(NO_SUCH, _ANOTHER)


def deliver_license(seller_id: int, upload: Upload, *, files: Files, now: datetime) -> None:
    """Keep it for its buyer, in the caller's transaction; the same again changes nothing. A large file is moved to ``files``,
    as the last thing that is done. Raises ``ApiRefused``; nothing was kept then."""
    requests = LicenseRequest.objects.select_for_update(of=("self",)).select_related("subscription")
    found = _taking(requests.filter(event_id=upload.event_id, seller=seller_id).first())
    check_content(upload)
    name, sha256, size = _about(upload)
    if found.status == LicenseRequest.Status.DELIVERED:
        if (sha256_of(found), found.file_name) != (sha256, name):
            raise ApiRefused(NO_SUCH, _ANOTHER)
        return
    sealed = seal(upload.characters) if isinstance(upload, TextUpload) else kept_file(upload, files)
    LICENSE_REQUEST.move_all(
        [found], LicenseEvent.UPLOAD, now=now, actor="seller",
        sealed_license=sealed, file_name=name, sha256=sha256, size=size, delivered_at=now, verdict="",
    )  # fmt: skip
    outbox.publish(LicenseTold(subscription=found.subscription_id, request=found.pk), now=now)


def is_application(seller_id: int, event_id: str) -> bool:
    """Whether a buyer of this seller applied under it, whatever became of that."""
    return LicenseRequest.objects.filter(event_id=event_id, seller=seller_id).exists()


def check_content(upload: Upload) -> None:
    """Raises ``ApiRefused`` for what no license holds."""
    if isinstance(upload, TextUpload) and "\0" in upload.characters:
        raise ApiRefused(BAD_TEXT, "the text holds a NUL character")


_ANOTHER = "another license was delivered for this event id already"


def _taking(found: LicenseRequest | None) -> LicenseRequest:
    if found is None:
        raise ApiRefused(NO_SUCH, "no application of your buyers has this event id")
    if found.subscription.status not in LIVING:
        raise ApiRefused(SERVICE_ENDED, "the service that it is for has ended")
    if found.status == LicenseRequest.Status.WITHDRAWN:
        raise ApiRefused(DENIED, "the buyer has withdrawn this application")
    return found


def _about(upload: Upload) -> tuple[str, str, int]:
    """Name of the file, hash and size."""
    if not isinstance(upload, TextUpload):
        return upload.file_name, upload.sha256, upload.size
    content = upload.characters.encode()
    return "", hash_of(content), len(content)
