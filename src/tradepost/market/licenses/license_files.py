"""Where licenses lie: small ones sealed in their rows, large files on the disk under their hash, kept for good."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from tradepost.market.base.files import Files
from tradepost.market.base.secrets import seal, unseal
from tradepost.protocols.open_api.upload import FileUpload

from .models import FOLDER, LicenseRequest

SEALED_MOST = 1024 * 1024
"""Bytes of a file that is sealed like a text; what is larger is read from the disk by the web server."""


def folder(files: Path) -> Files:
    """Beside other files, so that nothing that clears those away knows of them."""
    return Files(files / FOLDER)


def kept_file(upload: FileUpload, files: Files) -> str:
    """Keep the file that came; gives what its row holds of it, sealed. Empty: it was moved to the disk of ``files``."""
    if upload.size <= SEALED_MOST:
        return seal(base64.b64encode(upload.path.read_bytes()).decode())
    files.adopt(upload.sha256, upload.path)
    return ""


def license_bytes(request: LicenseRequest) -> bytes:
    """Of a license that is in its row, as the seller sent it."""
    content = unseal(request.sealed_license)
    return base64.b64decode(content) if request.file_name else content.encode()


def license_path(request: LicenseRequest, files: Files) -> Path | None:
    """Of a license that lies on the disk; None for one that is in its row."""
    return None if request.sealed_license else files.path(request.sha256)


def sha256_of(request: LicenseRequest) -> str:
    """Of what was delivered, also before hashes were kept."""
    return request.sha256 or hashlib.sha256(license_bytes(request)).hexdigest()
