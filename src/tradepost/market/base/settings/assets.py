"""Settings of pictures, documents, uploads and their scans (rules §2.3, §2.5)."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from .group import Group


class AssetSettings(Group):
    """See ``Config.assets``."""

    picture_most_bytes: int = Field(default=5_242_880, ge=1024, description="Maximum size of a picture in bytes.")
    picture_most_pixels: int = Field(
        default=20_000_000,
        ge=1_000_000,
        description="Maximum number of pixels of a picture. Each pixel uses four bytes of memory during validation.",
    )
    pictures_a_day: int = Field(
        default=500, ge=1, description="Maximum number of pictures that one seller may upload per day."
    )
    proof_most_bytes: int = Field(
        default=20_971_520,
        ge=1024,
        le=20_971_520,
        description="Maximum size of a supporting document in bytes. Larger requests are rejected.",
    )
    proofs_a_day: int = Field(
        default=100, ge=1, description="Maximum number of supporting documents that one seller may upload per day."
    )
    upload_most_bytes: int = Field(
        default=10 * 1024**3,
        ge=1024,
        description="Maximum size of an asset's file in bytes (rules §2.3, §2.5).",
    )
    upload_day_bytes: int = Field(
        default=10 * 1024**3,
        ge=1024,
        description="Maximum bytes of assets that one seller may upload within 24 hours (rules §2.3).",
    )
    upload_day_files: int = Field(
        default=100,
        ge=1,
        description="Maximum number of asset files that one seller may upload within 24 hours (rules §2.3).",
    )
    upload_chunk: int = Field(
        default=8 * 1024**2,
        ge=64 * 1024,
        le=16 * 1024**2,
        description="Bytes of an upload that are held in memory before they are written to disk. Pages send pieces of "
        "this size.",
    )
    keep_unfinished_uploads_days: int = Field(
        default=7, ge=1, description="Days after its last piece for which an unfinished upload is kept."
    )
    keep_ended_uploads_days: int = Field(
        default=90, ge=2, description="Days after which records of finished and cancelled uploads are deleted."
    )
    clamd_url: str = Field(
        default="",
        validation_alias=AliasChoices("TRADEPOST_CLAMD_URL", "CLAMD_URL"),
        description="Address of the ClamAV daemon, tcp://host:3310 or unix:///path. Empty: uploads of sellers are not "
        "scanned for malware.",
    )
    clamd_most_bytes: int = Field(
        default=100 * 1024**2,
        ge=1024,
        description="Size in bytes up to which a file, or a file in an archive, can pass the scan. Not more than "
        "MaxFileSize and StreamMaxLength of ClamAV.",
    )
    clamd_most_unpacked: int = Field(
        default=400 * 1024**2,
        ge=1024,
        description="Total unpacked bytes up to which an archive can pass the scan. Not more than MaxScanSize of "
        "ClamAV.",
    )
    clamd_most_files: int = Field(
        default=10_000,
        ge=1,
        description="Number of contained files up to which an archive can pass the scan. Not more than MaxFiles of "
        "ClamAV.",
    )
    scan_minutes: int = Field(
        default=20, ge=1, le=240, description="Maximum minutes for inspecting a file, and for scanning it."
    )
    keep_unused_files_days: int = Field(
        default=30,
        ge=0,
        description="Days after which pictures and documents without a reference are deleted. 0: never.",
    )
