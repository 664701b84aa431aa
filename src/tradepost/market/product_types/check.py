"""What a product lacks, or has too much of, for its kind: all that the kind declares, then its own rules."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.findings import Finding
from tradepost.market.base.numbers import whole_number

from .contract import NO, YES, Answer, Fault, ProductType, Question, Supervision
from .deliverable import why_undeliverable
from .facts import ProductFacts, SpecFacts, Template

KIND, SPECS, PROOFS = "kind", "specs", "proofs"
"""What findings are about; the catalog knows which section of a draft that is."""


def check(kind: ProductType, facts: ProductFacts) -> list[Finding]:
    """Everything of ``kind`` that stands against handing this product in, in the order of the form. Texts, prices and
    debug cases have rules of their own."""
    found = [*_delivery(kind), *_supervision(kind, facts)]
    for question in kind.fields:
        found += _answered(question, facts)
    found += [finding for spec in facts.specs for finding in _spec(kind, spec)]
    found += _proofs(kind, facts)
    asked = {question.code for question in kind.fields}
    for rule in kind.rules:
        found += [_finding(KIND if fault.field in asked else SPECS, fault) for fault in rule(facts)]
    return found


def _rule(section: str) -> str:
    return f"business-rules §{section}"


def _finding(section: str, fault: Fault) -> Finding:
    return Finding(
        section=section, field=fault.field, code=fault.code, words=fault.words.in_language(get_language()),
        rule=_rule(fault.rule),
    )  # fmt: skip


def _delivery(kind: ProductType) -> Iterator[Finding]:
    if (why := why_undeliverable(kind)) is not None:
        yield Finding(
            section=KIND, field="product_type", code="kind.undeliverable",
            words=why.in_language(get_language()), rule=_rule("2.1"),
        )  # fmt: skip


def _supervision(kind: ProductType, facts: ProductFacts) -> Iterator[Finding]:
    if facts.supervised and kind.supervision is Supervision.NEVER:
        yield Finding(
            section=KIND, field="supervised", code="kind.supervision", rule=_rule("2.1"),
            words=_("The delivery of this kind of product is not supervised."),
        )  # fmt: skip


def _answered(question: Question, facts: ProductFacts) -> Iterator[Finding]:
    for name in (question.code, f"{question.code}_en") if question.translated else (question.code,):
        said = facts.answers.get(name, "").strip()
        if words := _fault_of(question, said):
            yield Finding(
                section=KIND, field=name, code=f"kind.{'missing' if not said else 'answer'}", words=words,
                rule=_rule(question.section),
            )  # fmt: skip


def _fault_of(question: Question, said: str) -> str:
    """What is wrong with an answer, in words; empty when nothing is."""
    if not said:
        return _("Say something here.") if question.required else ""
    match question.answer:
        case Answer.NUMBER:
            number = whole_number(said)
            if number is None or not question.least <= number <= question.most:
                return _("A whole number from %(least)s to %(most)s.") % {
                    "least": f"{question.least:,}", "most": f"{question.most:,}",
                }  # fmt: skip
        case Answer.CHOICE:
            if said not in dict(question.choices):
                return _("Choose one of the answers.")
        case Answer.YES_NO:
            if said not in {YES, NO}:
                return _("Choose one of the answers.")
        case Answer.LINE | Answer.TEXT:
            if len(said) > question.most:
                return _("At most %(most)s characters.") % {"most": f"{question.most:,}"}
            if question.answer is Answer.LINE and len(said.splitlines()) > 1:
                return _("One line.")
    return ""


def _spec(kind: ProductType, spec: SpecFacts) -> Iterator[Finding]:
    def wrong(code: str, words: str, rule: str) -> Finding:
        return Finding(
            section=SPECS, field="specs", code=code, words=words % {"spec": spec.name[:50]}, rule=_rule(rule)
        )

    if spec.modes - set(kind.charging_modes):
        yield wrong(
            "kind.charging_mode",
            _("“%(spec)s” is sold in a charging mode that this kind of product does not have."),
            "2.1",
        )
    if spec.template not in kind.templates:
        only_simple = Template.SIMPLE in kind.templates
        yield wrong(
            "kind.template",
            _("“%(spec)s” must have a fixed price: this kind of product is not priced by attributes.")
            if only_simple
            else _("“%(spec)s” must be priced by attributes."),
            "2.5",
        )
    if len(spec.attributes) > 1 and not kind.multi_sku:
        yield wrong(
            "kind.multi_sku", _("“%(spec)s” is priced by several attributes, which this kind of product is not."), "3.4"
        )
    if spec.trial and not kind.trial:
        yield wrong("kind.trial", _("“%(spec)s” has a trial, which only SaaS products have."), "3.5")


def _proofs(kind: ProductType, facts: ProductFacts) -> Iterator[Finding]:
    for proof in kind.proofs:
        if proof.required and proof.code not in facts.proofs:
            yield Finding(
                section=PROOFS, field=proof.code, code="kind.proof", rule=_rule(proof.section),
                words=_("Hand in this document: %(proof)s.") % {"proof": proof.label.in_language(get_language())},
            )  # fmt: skip
