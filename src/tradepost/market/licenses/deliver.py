"""Store the license that a seller delivers for an application (openapi-jointkit §C.7), with the error codes of the
API."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import outbox
from tradepost.market.base.files import Files
from tradepost.market.base.files import sha256_of as hash_of
from tradepost.market.base.secrets import seal
from tradepost.market.subscriptions.renewable import LIVE_STATUSES
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import ERRORS, TextUpload, Upload

from .events import LicenseTold
from .license_files import sha256_of, store_file
from .lifecycle import LICENSE_REQUEST, LicenseEvent
from .models import LicenseRequest

NO_SUCH, SERVICE_ENDED, BAD_TEXT = ERRORS["91381034"], ERRORS["91381033"], ERRORS["91381037"]
DENIED = ERRORS["91381038"]


def check_application(seller_id: int, event_id: str, *, sha256: str = "") -> None:
    """Check before an upload whether the license would be accepted. Raises ``ApiRefused``.

    ``sha256``: hash of the license; empty if it is sent with the license.
    """
    requests = LicenseRequest.objects.select_related("subscription")
    request = _check_open(requests.filter(event_id=event_id, seller=seller_id).first())
    if sha256 and request.status == LicenseRequest.Status.DELIVERED and sha256 != sha256_of(request):
        raise ApiRefused(NO_SUCH, _ANOTHER)


def deliver_license(seller_id: int, upload: Upload, *, files: Files, now: datetime) -> None:
    """Store the license for the buyer, in the caller's transaction. Idempotent.

    A large file is moved to ``files`` as the last step. Raises ``ApiRefused`` and then stores nothing.
    """
    requests = LicenseRequest.objects.select_for_update(of=("self",)).select_related("subscription")
    request = _check_open(requests.filter(event_id=upload.event_id, seller=seller_id).first())
    check_content(upload)
    name, sha256, size = _metadata(upload)
    if request.status == LicenseRequest.Status.DELIVERED:
        if (sha256_of(request), request.file_name) != (sha256, name):
            raise ApiRefused(NO_SUCH, _ANOTHER)
        return
    sealed_license = seal(upload.characters) if isinstance(upload, TextUpload) else store_file(upload, files)
    LICENSE_REQUEST.move_all(
        [request], LicenseEvent.UPLOAD, now=now, actor="seller",
        sealed_license=sealed_license, file_name=name, sha256=sha256, size=size, delivered_at=now, verdict="",
    )  # fmt: skip
    outbox.publish(LicenseTold(subscription=request.subscription_id, request=request.pk), now=now)


def is_application(seller_id: int, event_id: str) -> bool:
    """Return whether a buyer of this seller made an application with this event id, in any status."""
    return LicenseRequest.objects.filter(event_id=event_id, seller=seller_id).exists()


def check_content(upload: Upload) -> None:
    """Raise ``ApiRefused`` for content that cannot be a license."""
    if isinstance(upload, TextUpload) and "\0" in upload.characters:
        raise ApiRefused(BAD_TEXT, "the text holds a NUL character")


_ANOTHER = "another license was delivered for this event id already"


def _check_open(request: LicenseRequest | None) -> LicenseRequest:
    if request is None:
        raise ApiRefused(NO_SUCH, "no application of your buyers has this event id")
    if request.subscription.status not in LIVE_STATUSES:
        raise ApiRefused(SERVICE_ENDED, "the service that it is for has ended")
    if request.status == LicenseRequest.Status.WITHDRAWN:
        raise ApiRefused(DENIED, "the buyer has withdrawn this application")
    return request


def _metadata(upload: Upload) -> tuple[str, str, int]:
    """Return the file name, the hash and the size in bytes."""
    if not isinstance(upload, TextUpload):
        return upload.file_name, upload.sha256, upload.size
    content = upload.characters.encode()
    return "", hash_of(content), len(content)
