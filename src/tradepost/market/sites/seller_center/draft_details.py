"""The section of a product that its type defines: questions with text answers, and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.applications import publication
from tradepost.market.assets.versions import deliverable_versions
from tradepost.market.catalog.document import APPLICATION, ASSET, Details
from tradepost.market.catalog.models import Product
from tradepost.market.product_types.contract import NO, YES, Answer, ProductType, Question
from tradepost.protocols.text import Text

from .draft_inputs import Look, Words
from .draft_questions import DraftQuestion, Group
from .draft_sections import InputTooLong

MAX_LENGTH = 4000
_LOOKS = {
    Answer.LINE: Look.LINE, Answer.TEXT: Look.LINES, Answer.NUMBER: Look.NUMBER, Answer.CHOICE: Look.CHOICE,
    Answer.YES_NO: Look.CHOICE,
}  # fmt: skip


def _localized(text: Text | None) -> str:
    return text.in_language(get_language()) if text else ""


def _names(question: Question) -> Sequence[str]:
    """Return the names of the stored answers: ``code``, or ``code`` for Chinese and ``code_en`` for English."""
    return (question.code, f"{question.code}_en") if question.translated else (question.code,)


def question_groups(kind: ProductType) -> list[Group]:
    plain = [question for question in kind.fields if question.heading is None]
    all_groups = [Group(asks=(*_asset_questions(kind), *_credential_questions(kind), *_draft_questions(plain)))]
    for heading in dict.fromkeys(question.heading for question in kind.fields if question.heading is not None):
        questions = [question for question in kind.fields if question.heading == heading]
        all_groups.append(
            Group(title=_localized(heading), help=_localized(questions[0].about), asks=_draft_questions(questions))
        )
    return all_groups


def _draft_questions(questions: Sequence[Question]) -> tuple[DraftQuestion, ...]:
    return tuple(
        DraftQuestion(
            name=f"fields.{name}",
            label=f"{_localized(question.label)} ({language})" if question.translated else _localized(question.label),
            help=_localized(question.help),
            look=_LOOKS[question.answer],
            longest=question.most if question.answer in {Answer.LINE, Answer.TEXT} else 20,
            required=question.required,
        )
        for question in questions
        for name, language in zip(_names(question), (_("Chinese"), _("English")), strict=False)
    )


def _asset_questions(kind: ProductType) -> Sequence[DraftQuestion]:
    """Return the question for the deliverable, for types that need one (business-rules §2.6)."""
    if not kind.asset_kinds:
        return ()
    words = _("An approved version from your asset center. Buyers keep the version that they bought, also on renewals.")
    if kind.scanned_clean:
        words = _(
            "An approved version of your asset center that passed the virus scan. Buyers can download this version and "
            "every approved version of the same asset."
        )
    return (DraftQuestion(name=f"fields.{ASSET}", label=_("Deliverable"), help=words, look=Look.CHOICE, longest=20),)


def _credential_questions(kind: ProductType) -> Sequence[DraftQuestion]:
    """Return the question for the application credential, for types with enterprise sign-in (openapi-jointkit §B.1)."""
    if not kind.joint_sign_in:
        return ()
    words = _(
        "For joint operation: people of buyers' enterprises sign in with it. It cannot be changed once the product is published, "
        "and its calls go to the address that serves the product."
    )
    return (
        DraftQuestion(
            name=f"fields.{APPLICATION}", label=_("Application credential"), help=words, look=Look.CHOICE, longest=64
        ),
    )


MAX_PROOFS = 3


def proof_names(kind: ProductType) -> list[str]:
    """Return the names of the document inputs."""
    return [f"proofs.{proof.code}" for proof in kind.proofs]


def choices(kind: ProductType, product: Product) -> dict[str, Sequence[tuple[str, Words]]]:
    """Return the options of the choices, by input."""
    options_by_input: dict[str, Sequence[tuple[str, Words]]] = {}
    if kind.asset_kinds:
        usable = deliverable_versions(product.seller, kind.asset_kinds, clean=kind.scanned_clean)
        options = [
            (str(version.pk), f"{version.asset.name} {version.label} · {version.file_name}") for version in usable
        ]
        options_by_input[f"fields.{ASSET}"] = [("", _("Not selected yet")), *options]
    if kind.joint_sign_in:
        applications = publication.available_applications(product.seller, product)
        none = _("None: no enterprise sign-in")
        options_by_input[f"fields.{APPLICATION}"] = [
            ("", none),
            *((application.app_id, f"{application.name} · {application.app_id}") for application in applications),
        ]
    for question in kind.fields:
        answers: list[tuple[str, Words]] = [(code, _localized(words)) for code, words in question.choices]
        if question.answer is Answer.YES_NO:
            answers = [(YES, _("Yes")), (NO, _("No"))]
        for name in _names(question):
            options_by_input[f"fields.{name}"] = [("", _("No response yet")), *answers]
    return options_by_input


def read(typed: Mapping[str, str], kind: ProductType) -> Details:
    """Read the answers. Raises ``InputTooLong``."""
    answers = {
        name: typed.get(f"fields.{name}", "").replace("\0", "").replace("\r\n", "\n").strip()
        for name in (
            *((ASSET,) if kind.asset_kinds else ()),
            *((APPLICATION,) if kind.joint_sign_in else ()),
            *(name for question in kind.fields for name in _names(question)),
        )
    }
    errors = {
        f"fields.{name}": _("At most %(most)s characters. You entered %(are)s.")
        % {"most": MAX_LENGTH, "are": len(answer)}
        for name, answer in answers.items()
        if len(answer) > MAX_LENGTH
    }
    if errors:
        raise InputTooLong(errors)
    return Details(
        fields={name: answer for name, answer in answers.items() if answer},
        proofs={proof.code: sha256 for proof in kind.proofs if (sha256 := typed.get(f"proofs.{proof.code}", ""))},
    )
