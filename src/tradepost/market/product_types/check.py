"""Check a product against its kind: everything the kind declares, then the kind's own rules."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.findings import Finding
from tradepost.market.base.numbers import whole_number

from .contract import NO, YES, Answer, Fault, ProductType, Question, Supervision
from .deliverable import reason_undeliverable
from .facts import ProductFacts, SpecFacts, Template

KIND, SPECS, PROOFS = "kind", "specs", "proofs"
"""What a finding is about; the catalog maps it to a section of a draft."""


def check(kind: ProductType, facts: ProductFacts) -> list[Finding]:
    """Return every finding that blocks the submission, in the order of the form. Other rules check texts, prices and
    debug cases."""
    findings = [*_delivery(kind), *_supervision(kind, facts)]
    for question in kind.fields:
        findings += _answer_findings(question, facts)
    findings += [finding for spec in facts.specs for finding in _spec(kind, spec)]
    findings += _proofs(kind, facts)
    question_codes = {question.code for question in kind.fields}
    for rule in kind.rules:
        findings += [_finding(KIND if fault.field in question_codes else SPECS, fault) for fault in rule(facts)]
    return findings


def _rule(section: str) -> str:
    return f"business-rules §{section}"


def _finding(section: str, fault: Fault) -> Finding:
    return Finding(
        section=section, field=fault.field, code=fault.code, words=fault.words.in_language(get_language()),
        rule=_rule(fault.rule),
    )  # fmt: skip


def _delivery(kind: ProductType) -> Iterator[Finding]:
    if (reason := reason_undeliverable(kind)) is not None:
        yield Finding(
            section=KIND, field="product_type", code="kind.undeliverable",
            words=reason.in_language(get_language()), rule=_rule("2.1"),
        )  # fmt: skip


def _supervision(kind: ProductType, facts: ProductFacts) -> Iterator[Finding]:
    if facts.supervised and kind.supervision is Supervision.NEVER:
        yield Finding(
            section=KIND, field="supervised", code="kind.supervision", rule=_rule("2.1"),
            words=_("Supervised delivery is not available for this kind of product."),
        )  # fmt: skip


def _answer_findings(question: Question, facts: ProductFacts) -> Iterator[Finding]:
    for name in (question.code, f"{question.code}_en") if question.translated else (question.code,):
        answer = facts.answers.get(name, "").strip()
        if message := _answer_error(question, answer):
            yield Finding(
                section=KIND, field=name, code=f"kind.{'missing' if not answer else 'answer'}", words=message,
                rule=_rule(question.section),
            )  # fmt: skip


def _answer_error(question: Question, answer: str) -> str:
    """Return the error message for an answer; empty if it is valid."""
    if not answer:
        return _("Fill in this field.") if question.required else ""
    match question.answer:
        case Answer.NUMBER:
            number = whole_number(answer)
            if number is None or not question.least <= number <= question.most:
                return _("A whole number from %(least)s to %(most)s.") % {
                    "least": f"{question.least:,}", "most": f"{question.most:,}",
                }  # fmt: skip
        case Answer.CHOICE:
            if answer not in dict(question.choices):
                return _("Choose one of the answers.")
        case Answer.YES_NO:
            if answer not in {YES, NO}:
                return _("Choose one of the answers.")
        case Answer.LINE | Answer.TEXT:
            if len(answer) > question.most:
                return _("At most %(most)s characters.") % {"most": f"{question.most:,}"}
            if question.answer is Answer.LINE and len(answer.splitlines()) > 1:
                return _("One line.")
    return ""


def _spec(kind: ProductType, spec: SpecFacts) -> Iterator[Finding]:
    def finding(code: str, words: str, rule: str) -> Finding:
        return Finding(
            section=SPECS, field="specs", code=code, words=words % {"spec": spec.name[:50]}, rule=_rule(rule)
        )

    if spec.modes - set(kind.charging_modes):
        yield finding(
            "kind.charging_mode",
            _("“%(spec)s” is sold in a charging mode that this kind of product does not have."),
            "2.1",
        )
    if spec.template not in kind.templates:
        only_simple = Template.SIMPLE in kind.templates
        yield finding(
            "kind.template",
            _("“%(spec)s” must have a fixed price: this kind of product is not priced by attributes.")
            if only_simple
            else _("“%(spec)s” must be priced by attributes."),
            "2.5",
        )
    if len(spec.attributes) > 1 and not kind.multi_sku:
        yield finding(
            "kind.multi_sku",
            _("“%(spec)s” is priced by several attributes. This kind of product does not support that."),
            "3.4",
        )
    if spec.trial and not kind.trial:
        yield finding("kind.trial", _("“%(spec)s” has a trial, which only SaaS products have."), "3.5")


def _proofs(kind: ProductType, facts: ProductFacts) -> Iterator[Finding]:
    for proof in kind.proofs:
        if proof.required and proof.code not in facts.proofs:
            yield Finding(
                section=PROOFS, field=proof.code, code="kind.proof", rule=_rule(proof.section),
                words=_("Upload this document: %(proof)s.") % {"proof": proof.label.in_language(get_language())},
            )  # fmt: skip
