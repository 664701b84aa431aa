"""What a replay found, as findings of a submission: each failed case names itself, and whoever reads it is led to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from tradepost.market.base.findings import Finding, stored_findings
from tradepost.market.debugging.events import ReplayEnded

from .product_versions import CASES, INTERFACE


def findings_of_replay(event: ReplayEnded) -> list[dict[str, Any]]:
    """In both languages, as a submission keeps them."""
    return stored_findings(lambda: list(_findings(event)))


def _findings(event: ReplayEnded) -> Iterator[Finding]:
    for case in event.failed:
        name = f"{case.activity} {case.variant}".strip()
        words = _(
            "%(case)s failed when it was replayed. Look at the call in the list of cases, mend it, and hand it in again."
        )
        yield Finding(
            section=INTERFACE, field=f"case.{case.activity}.{case.variant}", code="interface.replay",
            words=words % {"case": name}, rule=CASES,
        )  # fmt: skip
    if not event.failed:
        words = _("The cases could not be replayed to the end. Hand it in again.")
        yield Finding(section=INTERFACE, field="replay", code="interface.replay", words=words, rule=CASES)
