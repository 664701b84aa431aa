"""A seller delivers the license of an application (openapi-jointkit §C.7). Codes are the API's own: sellers' programs read them."""

from __future__ import annotations

import base64
from datetime import datetime

from tradepost.market.base.secrets import seal, unseal
from tradepost.market.subscriptions.renewable import LIVING
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import ERRORS, TextUpload, Upload

from .lifecycle import LICENSE_REQUEST, LicenseEvent
from .models import LicenseRequest

NO_SUCH, SERVICE_ENDED, BAD_TEXT = ERRORS["91381034"], ERRORS["91381033"], ERRORS["91381037"]
DENIED = ERRORS["91381038"]


def deliver_license(seller_id: int, upload: Upload, *, now: datetime) -> None:
    """Keep it for its buyer, in the caller's transaction; the same again changes nothing. Raises ``ApiRefused``."""
    requests = LicenseRequest.objects.select_for_update(of=("self",)).select_related("subscription")
    found = requests.filter(event_id=upload.event_id, seller=seller_id).first()
    if found is None:
        raise ApiRefused(NO_SUCH, "no application of your buyers has this event id")
    if found.subscription.status not in LIVING:
        raise ApiRefused(SERVICE_ENDED, "the service that it is for has ended")
    if found.status == LicenseRequest.Status.WITHDRAWN:
        raise ApiRefused(DENIED, "the buyer has withdrawn this application")
    content, name = _content(upload)
    if found.status == LicenseRequest.Status.DELIVERED:
        if (unseal(found.sealed_license), found.file_name) != (content, name):
            raise ApiRefused(NO_SUCH, "another license was delivered for this event id already")
        return
    LICENSE_REQUEST.move_all(
        [found], LicenseEvent.UPLOAD, now=now, actor="seller",
        sealed_license=seal(content), file_name=name, delivered_at=now, verdict="",
    )  # fmt: skip


def _content(upload: Upload) -> tuple[str, str]:
    """As it is sealed, and the file's name."""
    if not isinstance(upload, TextUpload):
        return base64.b64encode(upload.content).decode(), upload.file_name
    if "\0" in upload.characters:
        raise ApiRefused(BAD_TEXT, "the text holds a NUL character")
    return upload.characters, ""


def license_bytes(request: LicenseRequest) -> bytes:
    """As the seller sent it."""
    content = unseal(request.sealed_license)
    return base64.b64decode(content) if request.file_name else content.encode()
