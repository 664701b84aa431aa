"""Appeal: a seller claims with evidence that high findings of a web check or file scan are false positives; an
operator decides (business-rules §2.7).

An appeal is about one report. After acceptance, its findings no longer block while their evidence is the same. An
appeal cannot be accepted in part: the operator rejects it and names the rest. A scanner's malware finding can also be
a false positive: the operator explains why, and later approves the file by name, like any file that was not
scanned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from tradepost.market.assets.proofs import find_proof, use_proofs
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.review.contract import Case, Defaults, Fact, InputKind, Item, Section
from tradepost.market.web_scan.contract import RULE

from .documents import MAX_FINDINGS, MAX_PROOFS, MAX_TEXT_LENGTH, SECTION, Appeal
from .reports import Report, report_of, title_of_finding

TITLE = gettext_lazy("Appeal against findings")


class AppealKind(Defaults[Appeal]):
    name = "appeal"
    title = TITLE
    document = Appeal
    sections = (Section(code=SECTION, title=TITLE),)
    explained = SECTION

    def blank(self, seller: Seller, *, product: Product | None) -> Appeal:
        return Appeal()

    def self_check(self, case: Case[Appeal]) -> Sequence[Finding]:
        document, report = case.document, report_of(case.document, case.seller)
        problem = report.wrong() if report is not None else _("This report no longer exists or is not the latest one.")
        if report is None or problem:
            return [_finding("findings", "appeal.report", problem)]
        return [*_check_findings(document, report), *_check_proofs(document, case.seller)]

    def begin_checking(self, case: Case[Appeal]) -> bool:
        """Keep the documents as long as the appeal, which is permanent. There is nothing to wait for."""
        use_proofs(f"submission:{case.stored.pk}", case.document.proofs, seller=case.seller)
        if (report := report_of(case.document, case.seller)) is not None:
            report.sent(by=case.stored.sent_by.email if case.stored.sent_by else "", now=case.now)
        return False

    def checklist(self, case: Case[Appeal]) -> Sequence[Item]:
        document = case.document
        return [
            Item(
                code=f"finding.{number}", rule=RULE,
                words=_("Confirmed false positive: %(title)s, %(where)s")
                % {"title": title_of_finding(document, finding), "where": finding.where or document.file},
            )
            for number, finding in enumerate(document.findings)
        ]  # fmt: skip

    def approve(self, case: Case[Appeal], *, by: str) -> None:
        report = report_of(case.document, case.seller)
        if report is None:
            raise Refused("appeal.report", _("The report of this appeal no longer exists."), rule=RULE)
        prints = {finding.fingerprint for finding in case.document.findings}
        report.accept(prints, submission=case.stored.pk, by=by, now=case.now)

    def ended(self, case: Case[Appeal]) -> None:
        if (report := report_of(case.document, case.seller)) is not None:
            report.denied(by="review", now=case.now)

    def facts(self, document: Appeal) -> Sequence[Fact]:
        subject = (_("File"), document.file) if document.version else (_("Web site"), document.url)
        facts = [Fact(section=SECTION, field="url", label=subject[0], value=subject[1])]
        for number, finding in enumerate(document.findings):
            lines = {
                f"finding.{number}": (
                    _("Finding %(n)s") % {"n": number + 1},
                    f"{title_of_finding(document, finding)}\n{finding.where}".strip(),
                ),
                f"evidence.{number}": (pgettext("appeal", "Observed content"), "\n".join(finding.evidence)),
                f"why.{number}": (_("Reason for the false positive"), finding.why),
            }
            facts += [_long(field, label, value) for field, (label, value) in lines.items() if value]
        facts += [
            Fact(section=SECTION, field=f"proof.{number}", label=_("Evidence"), value=sha256, look=InputKind.PROOF)
            for number, sha256 in enumerate(document.proofs)
        ]
        return facts


def _long(field: str, label: str, value: str) -> Fact:
    return Fact(section=SECTION, field=field, label=label, value=value, look=InputKind.LONG)


def _check_findings(document: Appeal, report: Report) -> Iterator[Finding]:
    blocking = {finding.fingerprint for finding in report.blocking()}
    if not document.findings:
        yield _finding("findings", "appeal.none", _("Choose the findings that are false positives."))
    if len(document.findings) > MAX_FINDINGS:
        yield _finding(
            "findings", "appeal.too_many", _("At most %(most)s findings at a time.") % {"most": MAX_FINDINGS}
        )
    if report.whole and document.findings and blocking - {finding.fingerprint for finding in document.findings}:
        message = _("Appeal against every finding that blocks the file. A single remaining finding still blocks it.")
        yield _finding("findings", "appeal.part", message)
    for finding in document.findings:
        if finding.fingerprint not in blocking:
            yield _finding(
                "findings", "appeal.finding", _("This finding does not block, so there is nothing to decide.")
            )
        elif not finding.why.strip():
            yield _finding(
                f"why.{finding.fingerprint}", "appeal.missing", _("Explain why this finding is a false positive.")
            )
        elif len(finding.why) > MAX_TEXT_LENGTH:
            message = _("At most %(most)s characters.") % {"most": MAX_TEXT_LENGTH}
            yield _finding(f"why.{finding.fingerprint}", "appeal.long", message)


def _check_proofs(document: Appeal, seller: Seller) -> Iterator[Finding]:
    if not document.proofs:
        yield _finding("proofs", "appeal.proof", _("Upload at least one document or screenshot as proof."))
    if len(document.proofs) > MAX_PROOFS or any(
        find_proof(sha256, seller=seller) is None for sha256 in document.proofs
    ):
        yield _finding("proofs", "proof.unknown", _("A document no longer exists. Upload it again."))


def _finding(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION, field=field, code=code, words=words, rule=RULE)


KIND = AppealKind()
