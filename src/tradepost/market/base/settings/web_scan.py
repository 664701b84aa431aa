"""Settings of security checks of sellers' web sites (rules §2.7)."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class WebScanSettings(Group):
    """See ``Config.web_scan``."""

    web_tasks_most: int = Field(
        default=50, ge=1, description="Maximum number of websites in a seller's list of web checks (rules §17.10)."
    )
    web_scans_at_once: int = Field(
        default=5,
        ge=1,
        description="Maximum number of web checks of one seller that are waiting or running (rules §2.7).",
    )
    web_scans_a_day: int = Field(
        default=20, ge=1, description="Maximum number of web checks that one seller may start within 24 hours."
    )
    web_scan_valid_days: int = Field(
        default=90,
        ge=1,
        description="Days for which a web check without a high finding permits the submission of a product.",
    )
    keep_web_scans_days: int = Field(
        default=400,
        ge=0,
        description="Days after which reports of web checks are deleted, except those submitted with a product. 0: "
        "never.",
    )
    sslyze: str = Field(
        default="sslyze",
        description="Command of the TLS scanner sslyze. Without it, web checks report that TLS versions were not "
        "tested.",
    )
