"""A seller says that high findings of a web check or of a file's scan are mistaken, with evidence; an operator decides (business-rules §2.7).

One appeal is about one report. Accepted, its findings block no more while what was seen is the same; to accept some and not
others is to reject it and say which. Also what a scanner called malware may be a mistake: the operator says why it is one, and
answers for the file by name afterwards, when it is reviewed like each that was not scanned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tradepost.market.assets.proofs import find_proof, use_proofs
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.review.contract import Case, Defaults, Fact, Item, Look, Section
from tradepost.market.web_scan.contract import RULE

from .documents import LONGEST, MOST_FINDINGS, MOST_PROOFS, SECTION, Appeal
from .reports import Report, report_of, title

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
        said, report = case.document, report_of(case.document, case.seller)
        wrong = report.wrong() if report is not None else _("This report is not there any more, or not the newest one.")
        if report is None or wrong:
            return [_wrong("findings", "appeal.report", wrong)]
        return [*_contested(said, report), *_proven(said, case.seller)]

    def begin_checking(self, case: Case[Appeal]) -> bool:
        """The documents stay for as long as the appeal does: for good. There is nothing to wait for."""
        use_proofs(f"submission:{case.stored.pk}", case.document.proofs, seller=case.seller)
        if (report := report_of(case.document, case.seller)) is not None:
            report.sent(by=case.stored.sent_by.email if case.stored.sent_by else "", now=case.now)
        return False

    def checklist(self, case: Case[Appeal]) -> Sequence[Item]:
        said = case.document
        return [
            Item(
                code=f"finding.{n}", rule=RULE,
                words=_("Shown to be mistaken: %(title)s, %(where)s")
                % {"title": title(said, one), "where": one.where or said.file},
            )
            for n, one in enumerate(said.findings)
        ]  # fmt: skip

    def approve(self, case: Case[Appeal], *, by: str) -> None:
        report = report_of(case.document, case.seller)
        if report is None:
            raise Refused("appeal.report", _("The report of this appeal is not there any more."), rule=RULE)
        prints = {one.fingerprint for one in case.document.findings}
        report.accept(prints, submission=case.stored.pk, by=by, now=case.now)

    def ended(self, case: Case[Appeal]) -> None:
        if (report := report_of(case.document, case.seller)) is not None:
            report.denied(by="review", now=case.now)

    def facts(self, document: Appeal) -> Sequence[Fact]:
        about = (_("File"), document.file) if document.version else (_("Web site"), document.url)
        found = [Fact(section=SECTION, field="url", label=about[0], value=about[1])]
        for n, one in enumerate(document.findings):
            said = {
                f"finding.{n}": (_("Finding %(n)s") % {"n": n + 1}, f"{title(document, one)}\n{one.where}".strip()),
                f"evidence.{n}": (_("What was seen"), "\n".join(one.evidence)),
                f"why.{n}": (_("Why it is mistaken"), one.why),
            }
            found += [_long(field, label, value) for field, (label, value) in said.items() if value]
        found += [
            Fact(section=SECTION, field=f"proof.{n}", label=_("Evidence"), value=sha256, look=Look.PROOF)
            for n, sha256 in enumerate(document.proofs)
        ]
        return found


def _long(field: str, label: str, value: str) -> Fact:
    return Fact(section=SECTION, field=field, label=label, value=value, look=Look.LONG)


def _contested(said: Appeal, report: Report) -> Iterator[Finding]:
    blocking = {one.fingerprint for one in report.blocking()}
    if not said.findings:
        yield _wrong("findings", "appeal.none", _("Choose the findings that are mistaken."))
    if len(said.findings) > MOST_FINDINGS:
        yield _wrong("findings", "appeal.too_many", _("At most %(most)s findings at a time.") % {"most": MOST_FINDINGS})
    if report.whole and said.findings and blocking - {one.fingerprint for one in said.findings}:
        words = _("Contest every finding that refuses the file: with one left it is refused all the same.")
        yield _wrong("findings", "appeal.part", words)
    for one in said.findings:
        if one.fingerprint not in blocking:
            yield _wrong("findings", "appeal.finding", _("This finding does not block, so there is nothing to decide."))
        elif not one.why.strip():
            yield _wrong(f"why.{one.fingerprint}", "appeal.missing", _("Say why this finding is mistaken."))
        elif len(one.why) > LONGEST:
            words = _("At most %(most)s characters.") % {"most": LONGEST}
            yield _wrong(f"why.{one.fingerprint}", "appeal.long", words)


def _proven(said: Appeal, seller: Seller) -> Iterator[Finding]:
    if not said.proofs:
        yield _wrong("proofs", "appeal.proof", _("Hand in at least one document or picture that shows it."))
    if len(said.proofs) > MOST_PROOFS or any(find_proof(sha256, seller=seller) is None for sha256 in said.proofs):
        yield _wrong("proofs", "proof.unknown", _("A document is not there any more; hand it in again."))


def _wrong(field: str, code: str, words: str) -> Finding:
    return Finding(section=SECTION, field=field, code=code, words=words, rule=RULE)


KIND = AppealKind()
