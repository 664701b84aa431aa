"""The form of a draft submission, generated from its kind's questions, with errors beside the fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets.models import Picture
from tradepost.market.base.findings import Finding
from tradepost.market.base.values import replace
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import Seller
from tradepost.market.review.contract import AnyKind, InputKind, Question, TranslatedText
from tradepost.market.web.uploads import FileField

from .correcting import Remark, Remarks
from .pictures import picture_field
from .proofs import submission_proof

LOGO = Picture.Purpose.COMPANY_LOGO
"""The only picture of a company."""

_INPUT_ATTRIBUTES: Mapping[InputKind, Mapping[str, str]] = {
    InputKind.DATE: {"type": "date"},
    InputKind.TIME: {"type": "time"},
    InputKind.NUMBER: {"inputmode": "numeric", "autocomplete": "off"},
    InputKind.EMAIL: {"inputmode": "email", "spellcheck": "false"},
    InputKind.PHONE: {"inputmode": "tel"},
    InputKind.URL: {"inputmode": "url", "spellcheck": "false"},
    InputKind.SECRET: {"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"},
}
TEXTAREA_ROWS = 5


class DraftForm(forms.Form):
    """A form that accepts any input: the kind validates it, and a draft stores it in any case."""

    def __init__(self, kind: AnyKind, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for question in kind.questions:
            if not question.look.is_file:
                self.fields[question.field] = _field(question)


def _field(question: Question) -> forms.Field:
    label, words = str(question.label), str(question.help)
    if question.look is InputKind.CHOICE:
        choices = [("", _("Choose …")), *question.choices]
        field: forms.Field = _AnyChoice(choices=choices, label=label, help_text=words, required=False)
    else:
        field = forms.CharField(widget=_widget(question), strip=False, label=label, help_text=words, required=False)
    field.widget.attrs |= {"aria-required": "true"} if question.required else {}
    return field


class _AnyChoice(forms.ChoiceField):
    """A choice that also accepts unknown values, because the kind refuses them with its own message."""

    def validate(self, value: Any) -> None:
        """Accept every value."""


def _widget(question: Question) -> forms.Widget:
    # Allow input above the limit, so that the error can name it.
    attrs = {**_INPUT_ATTRIBUTES.get(question.look, {}), "maxlength": str(2 * question.longest)}
    if question.look is InputKind.LONG:
        return forms.Textarea(attrs={"rows": TEXTAREA_ROWS, "maxlength": attrs["maxlength"]})
    return forms.TextInput(attrs=attrs)


class FieldView(Struct, frozen=True):
    """A field of the page: a form field or a file field. ``wrong``: messages and sections of their rule."""

    question: Question
    bound: BoundField | None
    upload: FileField | None
    value: str
    wrong: Sequence[tuple[TranslatedText, str]]
    remarks: Sequence[Remark] = ()
    """Findings of the last submission's checks about this field."""


class SectionView(Struct, frozen=True):
    code: str
    title: TranslatedText
    fields: Sequence[FieldView]
    left: int
    """Number of fields that are missing or invalid."""
    said: str
    """The operator's reason for rejecting the last submission."""


def section_views(
    kind: AnyKind, form: DraftForm, document: Any, findings: Iterable[Finding], *, beside: bool,
    remarks: Remarks | None, seller: Seller,
) -> list[SectionView]:  # fmt: skip
    """Return the sections. ``beside``: show findings beside their fields instead of only counting them, once the seller
    had time to fill in the form. ``remarks``: on the submission that this draft corrects."""
    reasons = {reason.section: str(reason.words) for reason in remarks.reasons} if remarks else {}
    remark_findings = remarks.findings if remarks else ()
    wrong: dict[str, list[tuple[TranslatedText, str]]] = {}
    open_fields: dict[str, set[str]] = {}
    for finding in findings:
        wrong.setdefault(finding.field, []).append((finding.words, rule_of(finding)))
        open_fields.setdefault(finding.section, set()).add(finding.field)
    for name, words in wrong.items() if beside else ():
        if name in form.fields:
            form.add_error(name, [str(message) for message, _rule in words])
    sections = []
    for section in kind.sections:
        fields = [
            replace(
                _field_view(
                    question, form, document, wrong.get(question.field, []) if beside else [], kind=kind, seller=seller
                ),
                remarks=[
                    remark_finding for remark_finding in remark_findings if remark_finding.field == question.field
                ],
            )
            for question in kind.questions
            if question.section == section.code
        ]
        sections.append(
            SectionView(
                section.code,
                section.title,
                fields,
                len(open_fields.get(section.code, ())),
                reasons.get(section.code, ""),
            )
        )
    return sections


def _field_view(
    question: Question, form: DraftForm, document: Any, wrong: Sequence[tuple[TranslatedText, str]], *, kind: AnyKind,
    seller: Seller,
) -> FieldView:  # fmt: skip
    value = str(getattr(document, question.hint or question.field))
    if not question.look.is_file:
        return FieldView(question, form[question.field], None, value, wrong)
    response = " ".join(f"{words} {rule}".strip() for words, rule in wrong)
    if question.look is InputKind.PROOF:
        proof = submission_proof(kind, question, seller=seller, sha256=value, error=response)
        return FieldView(question, None, proof, value, wrong)
    picture = picture_field(question.field, LOGO, sha256=value, error=response)
    return FieldView(question, None, replace(picture, required=question.required), value, wrong)


def rule_of(finding: Finding) -> str:
    """Return the section of a rule without the document, which is the same for all."""
    return finding.rule.removeprefix("business-rules ")


def ticked_agreements(posted: Mapping[str, str], agreements: Iterable[Agreement]) -> frozenset[int]:
    """Return the agreements that were ticked."""
    return frozenset(agreement.pk for agreement in agreements if posted.get(f"agreement_{agreement.pk}") == "on")
