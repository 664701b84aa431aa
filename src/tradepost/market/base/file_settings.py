"""Settings of files that people hand in: pictures, documents, uploads and their scans; a part of ``Config``."""

from __future__ import annotations

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings


class FileSettings(BaseSettings):
    """See ``config``."""

    picture_most_bytes: int = Field(default=5_242_880, ge=1024, description="Largest picture that is taken, in bytes.")
    picture_most_pixels: int = Field(
        default=20_000_000,
        ge=1_000_000,
        description="Most pixels of a picture: in memory each takes four bytes while it is looked at.",
    )
    pictures_a_day: int = Field(default=500, ge=1, description="Pictures that one seller may hand in on a day.")
    proof_most_bytes: int = Field(
        default=20_971_520,
        ge=1024,
        le=20_971_520,
        description="Largest document that is taken as proof, in bytes; a request of more does not come in.",
    )
    proofs_a_day: int = Field(default=100, ge=1, description="Documents that one seller may hand in on a day.")
    upload_most_bytes: int = Field(
        default=10 * 1024**3,
        ge=1024,
        description="Largest file of an asset that is taken, in bytes (rules §2.3, §2.5).",
    )
    upload_day_bytes: int = Field(
        default=10 * 1024**3,
        ge=1024,
        description="Bytes of assets that one seller may upload within 24 hours (rules §2.3).",
    )
    upload_day_files: int = Field(
        default=100, ge=1, description="Files of assets that one seller may upload within 24 hours (rules §2.3)."
    )
    license_most_bytes: int = Field(
        default=2 * 1024**3, ge=1024, description="Largest file of a license that a seller may deliver, in bytes."
    )
    license_day_bytes: int = Field(
        default=10 * 1024**3,
        ge=1024,
        description="Bytes of license files that one seller may deliver within 24 hours (rules §2.3).",
    )
    license_day_files: int = Field(
        default=100, ge=1, description="License files that one seller may deliver within 24 hours (rules §2.3)."
    )
    upload_chunk: int = Field(
        default=8 * 1024**2,
        ge=64 * 1024,
        le=16 * 1024**2,
        description="Bytes of an upload that are held in memory before they go to the disk; pages send pieces of this size.",
    )
    keep_unfinished_uploads_days: int = Field(
        default=7, ge=1, description="Days that an upload which is not whole is waited for, from its last piece on."
    )
    keep_ended_uploads_days: int = Field(
        default=90, ge=2, description="Records of uploads that are whole or given up are deleted after these days."
    )
    clamd_url: str = Field(
        default="",
        validation_alias=AliasChoices("TRADEPOST_CLAMD_URL", "CLAMD_URL"),
        description="ClamAV's daemon, tcp://host:3310 or unix:///path; empty: what sellers upload is not scanned for malware.",
    )
    clamd_most_bytes: int = Field(
        default=100 * 1024**2,
        ge=1024,
        description="Largest file, and file inside of one, about which ClamAV is believed: not above its MaxFileSize and StreamMaxLength.",
    )
    clamd_most_unpacked: int = Field(
        default=400 * 1024**2,
        ge=1024,
        description="Most bytes that come out of a file about which ClamAV is believed: not above its MaxScanSize.",
    )
    clamd_most_files: int = Field(
        default=10_000,
        ge=1,
        description="Most files inside of one about which ClamAV is believed: not above its MaxFiles.",
    )
    scan_minutes: int = Field(
        default=20, ge=1, le=240, description="Longest time that one look into a file, and one scan of it, may take."
    )
    keep_unused_files_days: int = Field(
        default=30,
        ge=0,
        description="Pictures and documents that nothing refers to are deleted after these days; 0: never.",
    )
