"""Correct a submission that failed, was rejected or withdrawn: its page, and the remarks that it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.urls import reverse
from msgspec import Struct

from tradepost.market.applications.models import Application
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base import stored
from tradepost.market.base.findings import Finding, read_findings
from tradepost.market.catalog.document import SECTIONS
from tradepost.market.debugging import replay
from tradepost.market.debugging.models import DebugCase
from tradepost.market.review import appeals, product_versions
from tradepost.market.review.contract import TranslatedText
from tradepost.market.review.kinds.appeal.documents import Appeal
from tradepost.market.review.kinds.asset import AssetFile
from tradepost.market.review.models import CORRECTABLE, Submission
from tradepost.market.review.registry import review_kind

from .debug import case_url


class Remark(Struct, frozen=True):
    """A remark of a reviewer or a check. ``url``: page of its subject; ``call``: key of the failed test call."""

    section: str
    field: str
    title: TranslatedText
    words: TranslatedText
    rule: str = ""
    url: str = ""
    call: int | None = None


class Remarks(Struct, frozen=True):
    """Why the last submission was not approved. ``reasons``: of the reviewer; ``findings``: of the checks."""

    submission: Submission
    reasons: Sequence[Remark]
    findings: Sequence[Remark]


def remarks_of(last: Submission | None) -> Remarks | None:
    """Return the remarks on the last submission, or None if there is nothing to correct."""
    if last is None or last.status not in CORRECTABLE:
        return None
    kind = review_kind(last.kind)
    titles = {section.code: section.title for section in kind.sections}
    reasons = [
        Remark(code, "", titles.get(code, code), words, url=_section_page(last, code))
        for code, words in last.reasons.items()
    ]
    return Remarks(last, reasons, list(_remarks_of_checks(last, titles)))


def _section_page(last: Submission, section: str) -> str:
    """Return the editor's page for this section of a product."""
    if last.product_id is None or last.version_id is None or section not in SECTIONS:
        return ""
    return reverse("seller_center:product_draft", args=[last.product_id, section])


def _remarks_of_checks(last: Submission, titles: Mapping[str, TranslatedText]) -> Iterator[Remark]:
    findings = read_findings(last.findings)
    failed = _failed_cases(last) if any(finding.field.startswith("case.") for finding in findings) else {}
    for finding in findings:
        url, call = failed.get(finding.field, ("", None))
        yield Remark(
            finding.section,
            finding.field,
            titles.get(finding.section, ""),
            finding.words,
            finding.rule,
            url or _page_of(finding),
            call,
        )


def _failed_cases(last: Submission) -> dict[str, tuple[str, int | None]]:
    """Map fields of findings to the page of their debug case and its test call in the replay."""
    job = product_versions.replay_of(last)
    failed = {result.case: result for result in replay.results(job) if not result.passed} if job is not None else {}
    cases = DebugCase.objects.select_related("address").filter(pk__in=failed, seller=last.seller_id)
    return {
        f"case.{case.activity}.{case.variant}": (
            case_url(case.address, case.activity, case.variant), failed[case.pk].call,
        )
        for case in cases
    }  # fmt: skip


def _page_of(finding: Finding) -> str:
    return reverse("seller_center:cases") if finding.field.startswith("case.") or finding.field == "replay" else ""


def page_for(submission: Submission) -> str:
    """Return the page to correct and resubmit; "" if its subject no longer exists."""
    if review_kind(submission.kind).questions:
        return reverse("seller_center:draft", args=[submission.kind])
    find = PAGES.get(submission.kind)
    return find(submission) if find is not None else ""


def _product_page(name: str) -> Callable[[Submission], str]:
    return lambda submission: reverse(f"seller_center:{name}", args=[submission.product_id])


def _move_page(submission: Submission) -> str:
    own = Application.objects.filter(product=submission.product_id).values_list("pk", flat=True).first()
    return reverse("seller_center:application_move", args=[own]) if own is not None else ""


def _appeal_page(submission: Submission) -> str:
    appeal = stored.load(Appeal, submission.document)
    if appeal.version:
        return reverse("seller_center:asset_appeal", args=[appeal.version])
    report = appeals.web_report_of(submission)
    return reverse("seller_center:web_appeal", args=[report]) if report is not None else ""


def _asset_page(submission: Submission) -> str:
    version = AssetVersion.objects.filter(pk=stored.load(AssetFile, submission.document).version).first()
    return reverse("seller_center:asset", args=[version.asset_id]) if version is not None else ""


PAGES: Mapping[str, Callable[[Submission], str]] = {
    "publish": _product_page("product_submit"),
    "modify": _product_page("product_submit"),
    "delist": _product_page("product_delist"),
    "restore": _product_page("product_restore"),
    "credential": _move_page,
    "appeal": _appeal_page,
    "asset": _asset_page,
}
"""Kinds with their own page instead of questions."""
