"""Convert the failed cases of a replay into findings of a submission, which link to the cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from tradepost.market.base.findings import Finding, stored_findings
from tradepost.market.debugging.events import ReplayEnded

from .product_versions import CASES, INTERFACE


def findings_of_replay(event: ReplayEnded) -> list[dict[str, Any]]:
    """Return the findings in both languages, as a submission stores them."""
    return stored_findings(lambda: list(_findings(event)))


def _findings(event: ReplayEnded) -> Iterator[Finding]:
    for case in event.failed:
        name = f"{case.activity} {case.variant}".strip()
        message = _(
            "%(case)s failed in the replay. Check the call in the list of cases, correct the error and submit again."
        )
        yield Finding(
            section=INTERFACE, field=f"case.{case.activity}.{case.variant}", code="interface.replay",
            words=message % {"case": name}, rule=CASES,
        )  # fmt: skip
    if not event.failed:
        message = _("The replay of the cases did not finish. Submit again.")
        yield Finding(section=INTERFACE, field="replay", code="interface.replay", words=message, rule=CASES)
