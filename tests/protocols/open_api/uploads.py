"""An upload call, read as a market reads it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tradepost.protocols.http import Request
from tradepost.protocols.open_api.upload import FileUpload, ReceivedUpload, Upload, UploadReader, load_upload

NOWHERE = Path("/nowhere")


def parse(request: Request) -> tuple[Upload, bytes]:
    """Return the parsed upload and the file's bytes."""
    content = bytearray()
    reader = UploadReader(request.header("Content-Type"), content.extend)
    reader.feed(request.body)
    reader.end()
    hashed = hashlib.sha256(content).hexdigest()
    held = ReceivedUpload(form=reader.form, file_name=reader.file_name, path=NOWHERE, size=len(content), sha256=hashed)
    return load_upload(request, held), bytes(content)


def file_of(event_id: str, name: str, content: bytes) -> FileUpload:
    hashed = hashlib.sha256(content).hexdigest()
    return FileUpload(event_id=event_id, file_name=name, path=NOWHERE, size=len(content), sha256=hashed)
