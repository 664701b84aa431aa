"""Dispatch a license by its event: a buyer's application, or a test call (openapi-jointkit §C.7; joint.md §5).

A license for a test call passes the same checks and is recorded with its hash, but not stored.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.files import Files, sha256_of
from tradepost.market.debugging.api_trials import TriedUpload, is_test_event, take_upload
from tradepost.market.licenses.deliver import check_application, check_content, deliver_license, is_application
from tradepost.protocols.open_api.upload import TextUpload, Upload


def check_event(seller_id: int, event_id: str, *, sha256: str = "") -> None:
    """Check whether a license would be accepted. Raises ``ApiRefused``."""
    if is_application(seller_id, event_id) or not is_test_event(seller_id, event_id):
        check_application(seller_id, event_id, sha256=sha256)


def deliver_upload(seller_id: int, upload: Upload, *, files: Files, now: datetime) -> None:
    """Deliver in the caller's transaction. Applications take precedence, since a test call may name any event. Raises
    ``ApiRefused``."""
    if is_application(seller_id, upload.event_id) or not is_test_event(seller_id, upload.event_id):
        deliver_license(seller_id, upload, files=files, now=now)
        return
    check_content(upload)
    take_upload(seller_id, _trial_upload(upload), now=now)


def _trial_upload(upload: Upload) -> TriedUpload:
    if not isinstance(upload, TextUpload):
        return TriedUpload(event_id=upload.event_id, sha256=upload.sha256, size=upload.size, file_name=upload.file_name)
    content = upload.characters.encode()
    return TriedUpload(event_id=upload.event_id, sha256=sha256_of(content), size=len(content))
