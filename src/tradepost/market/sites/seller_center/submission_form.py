"""The form of a kind's draft, made of the questions that the kind declares; what is wrong stands beside its field."""

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
from tradepost.market.review.contract import AnyKind, Look, Question, Words
from tradepost.market.web.uploads import FileField

from .correcting import Remark, Remarks
from .pictures import picture_field
from .proofs import submission_proof

LOGO = Picture.Purpose.COMPANY_LOGO
"""The one picture that companies hand in."""

_TYPES: Mapping[Look, Mapping[str, str]] = {
    Look.DATE: {"type": "date"},
    Look.TIME: {"type": "time"},
    Look.NUMBER: {"inputmode": "numeric", "autocomplete": "off"},
    Look.EMAIL: {"inputmode": "email", "spellcheck": "false"},
    Look.PHONE: {"inputmode": "tel"},
    Look.URL: {"inputmode": "url", "spellcheck": "false"},
    Look.SECRET: {"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"},
}
ROWS = 5


class DraftForm(forms.Form):
    """Every field takes whatever is typed: the kind says what is wrong with it, and a draft keeps it all the same."""

    def __init__(self, kind: AnyKind, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for question in kind.questions:
            if not question.look.is_file:
                self.fields[question.field] = _field(question)


def _field(question: Question) -> forms.Field:
    label, words = str(question.label), str(question.help)
    if question.look is Look.CHOICE:
        choices = [("", _("Choose …")), *question.choices]
        field: forms.Field = _AnyChoice(choices=choices, label=label, help_text=words, required=False)
    else:
        field = forms.CharField(widget=_widget(question), strip=False, label=label, help_text=words, required=False)
    field.widget.attrs |= {"aria-required": "true"} if question.required else {}
    return field


class _AnyChoice(forms.ChoiceField):
    """Keeps also what is none of its choices: the kind refuses it in words of its own."""

    def validate(self, value: Any) -> None:
        """Nothing is wrong here."""


def _widget(question: Question) -> forms.Widget:
    # A little over the limit can be typed, so that it can be said what is too long.
    attrs = {**_TYPES.get(question.look, {}), "maxlength": str(2 * question.longest)}
    if question.look is Look.LONG:
        return forms.Textarea(attrs={"rows": ROWS, "maxlength": attrs["maxlength"]})
    return forms.TextInput(attrs=attrs)


class ShownField(Struct, frozen=True):
    """A field of the page: a form's, or a file's. ``wrong``: words and the section of the rule."""

    question: Question
    bound: BoundField | None
    upload: FileField | None
    value: str
    wrong: Sequence[tuple[Words, str]]
    remarks: Sequence[Remark] = ()
    """What the checks found at this field in the last submission."""


class ShownSection(Struct, frozen=True):
    code: str
    title: Words
    fields: Sequence[ShownField]
    left: int
    """How many of its fields are missing or wrong."""
    said: str
    """The operator's reason for the rejection of the last submission."""


def shown_sections(
    kind: AnyKind, form: DraftForm, document: Any, found: Iterable[Finding], *, beside: bool,
    remarks: Remarks | None, seller: Seller,
) -> list[ShownSection]:  # fmt: skip
    """``beside``: whether findings stand beside their fields, or are counted only: nobody is told what is missing before
    having had the time to type it. ``remarks``: on the submission that this draft corrects."""
    said = {one.section: str(one.words) for one in remarks.reasons} if remarks else {}
    noted = remarks.findings if remarks else ()
    wrong: dict[str, list[tuple[Words, str]]] = {}
    left: dict[str, set[str]] = {}
    for finding in found:
        wrong.setdefault(finding.field, []).append((finding.words, rule_of(finding)))
        left.setdefault(finding.section, set()).add(finding.field)
    for name, words in wrong.items() if beside else ():
        if name in form.fields:
            form.add_error(name, [str(said_of) for said_of, _rule in words])
    sections = []
    for section in kind.sections:
        fields = [
            replace(
                _shown(
                    question, form, document, wrong.get(question.field, []) if beside else [], kind=kind, seller=seller
                ),
                remarks=[one for one in noted if one.field == question.field],
            )
            for question in kind.questions
            if question.section == section.code
        ]
        sections.append(
            ShownSection(
                section.code, section.title, fields, len(left.get(section.code, ())), said.get(section.code, "")
            )
        )
    return sections


def _shown(
    question: Question, form: DraftForm, document: Any, wrong: Sequence[tuple[Words, str]], *, kind: AnyKind,
    seller: Seller,
) -> ShownField:  # fmt: skip
    value = str(getattr(document, question.hint or question.field))
    if not question.look.is_file:
        return ShownField(question, form[question.field], None, value, wrong)
    said = " ".join(f"{words} {rule}".strip() for words, rule in wrong)
    if question.look is Look.PROOF:
        proof = submission_proof(kind, question, seller=seller, sha256=value, error=said)
        return ShownField(question, None, proof, value, wrong)
    picture = picture_field(question.field, LOGO, sha256=value, error=said)
    return ShownField(question, None, replace(picture, required=question.required), value, wrong)


def rule_of(finding: Finding) -> str:
    """The section alone: which document it is of, everybody here knows."""
    return finding.rule.removeprefix("business-rules ")


def ticked(posted: Mapping[str, str], wanted: Iterable[Agreement]) -> frozenset[int]:
    """The agreements whose box was ticked."""
    return frozenset(each.pk for each in wanted if posted.get(f"agreement_{each.pk}") == "on")
