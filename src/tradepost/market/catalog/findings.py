"""What is missing or wrong in a product that a seller hands in, gathered from all that looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tradepost.market.base.findings import Finding

__all__ = ["Finding", "by_field", "by_section"]


def by_section(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """In the order in which sections come first; a section without one is complete."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.section, []).append(finding)
    return found


def by_field(findings: Iterable[Finding], section: str) -> Mapping[str, list[Finding]]:
    """Of one section, for a form that shows each beside its field."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.section == section:
            found.setdefault(finding.field, []).append(finding)
    return found
