"""Settings of the log of operators' acts."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class AuditSettings(Group):
    """See ``Config.audit``."""

    keep_audit_days: int = Field(
        default=1826,
        ge=0,
        description="Days after which acts of operators are deleted from the audit log; the default is five years. 0: "
        "never.",
    )
