"""Storage of licenses: small ones sealed in their rows, large files on the disk under their hash. They are never
deleted."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from tradepost.market.base.files import Files
from tradepost.market.base.secrets import seal, unseal
from tradepost.protocols.open_api.upload import FileUpload

from .models import FOLDER, LicenseRequest

MAX_SEALED_BYTES = 1024 * 1024
"""Maximum size in bytes of a sealed file. The web server serves larger files from the disk."""


def folder(files: Path) -> Files:
    """Return the licenses folder, separate from other files so that no clean-up deletes licenses."""
    return Files(files / FOLDER)


def store_file(upload: FileUpload, files: Files) -> str:
    """Store an uploaded file and return the sealed content for its row; empty if the file was moved to ``files``."""
    if upload.size <= MAX_SEALED_BYTES:
        return seal(base64.b64encode(upload.path.read_bytes()).decode())
    files.adopt(upload.sha256, upload.path)
    return ""


def license_bytes(request: LicenseRequest) -> bytes:
    """Return a license that is stored in its row, as the seller sent it."""
    content = unseal(request.sealed_license)
    return base64.b64decode(content) if request.file_name else content.encode()


def license_path(request: LicenseRequest, files: Files) -> Path | None:
    """Return the path of a license on the disk; None if it is stored in its row."""
    return None if request.sealed_license else files.path(request.sha256)


def sha256_of(request: LicenseRequest) -> str:
    """Return the hash of the delivered license, also for rows from before hashes were stored."""
    return request.sha256 or hashlib.sha256(license_bytes(request)).hexdigest()
