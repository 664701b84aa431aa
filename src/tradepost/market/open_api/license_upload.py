"""Upload for a market event: a seller delivers the license that a buyer applied for (openapi-jointkit §C.7)."""

from __future__ import annotations

import hashlib

from django.db import transaction

from tradepost.market.debugging.api_trials import TriedUpload, take_upload
from tradepost.market.licenses.deliver import deliver_license
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error
from tradepost.protocols.open_api.upload import ERRORS, TextUpload, Upload, load_upload, uploaded

from .answers import ApiRefused, ApiRequest, Errors, open_api
from .authentication import by_access_key

LARGEST = 1024 * 1024
"""Bytes of a call. The interface states no limit; a license is small, and larger files have another way to come."""

OF_UPLOAD = Errors(
    table=ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=ERRORS["CBC.0999"],
)


@open_api("POST", authentication=by_access_key, errors=OF_UPLOAD, largest_body=LARGEST)
def license_upload(request: ApiRequest) -> Response:
    """Refusals of the event ride on HTTP 200, as the table says."""
    try:
        with transaction.atomic():
            upload = load_upload(request.request)
            if not take_upload(request.caller.seller_id, _tried(upload), now=request.now):
                deliver_license(request.caller.seller_id, upload, now=request.now)
    except NotTaken as refused:
        raise ApiRefused(refused.error.code, refused.detail) from None
    return uploaded()


def _tried(upload: Upload) -> TriedUpload:
    """As it is noted where its event is that of a test call."""
    content, name = (
        (upload.characters.encode(), "") if isinstance(upload, TextUpload) else (upload.content, upload.file_name)
    )
    return TriedUpload(
        event_id=upload.event_id, sha256=hashlib.sha256(content).hexdigest(), size=len(content), file_name=name
    )
