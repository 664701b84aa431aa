"""The section that a kind of product makes itself: its questions, with answers as text, and the documents it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.applications import publication
from tradepost.market.assets.versions import choosable
from tradepost.market.catalog.document import APPLICATION, ASSET, Details
from tradepost.market.catalog.models import Product
from tradepost.market.product_types.contract import NO, YES, Answer, ProductType, Question
from tradepost.protocols.text import Text

from .draft_inputs import Look, Words
from .draft_questions import Ask, Group
from .draft_sections import TooLong

LONGEST = 4000
_LOOKS = {
    Answer.LINE: Look.LINE, Answer.TEXT: Look.LINES, Answer.NUMBER: Look.NUMBER, Answer.CHOICE: Look.CHOICE,
    Answer.YES_NO: Look.CHOICE,
}  # fmt: skip


def _say(text: Text | None) -> str:
    return text.in_language(get_language()) if text else ""


def _names(question: Question) -> Sequence[str]:
    """As the answers are stored, ``code`` for Chinese and ``code_en`` for English where there are two."""
    return (question.code, f"{question.code}_en") if question.translated else (question.code,)


def groups(kind: ProductType) -> list[Group]:
    plain = [question for question in kind.fields if question.heading is None]
    found = [Group(asks=(*_asset(kind), *_application(kind), *_asks(plain)))]
    for heading in dict.fromkeys(question.heading for question in kind.fields if question.heading is not None):
        under = [question for question in kind.fields if question.heading == heading]
        found.append(Group(title=_say(heading), help=_say(under[0].about), asks=_asks(under)))
    return found


def _asks(questions: Sequence[Question]) -> tuple[Ask, ...]:
    return tuple(
        Ask(
            name=f"fields.{name}",
            label=f"{_say(question.label)} ({language})" if question.translated else _say(question.label),
            help=_say(question.help),
            look=_LOOKS[question.answer],
            longest=question.most if question.answer in {Answer.LINE, Answer.TEXT} else 20,
            required=question.required,
        )
        for question in questions
        for name, language in zip(_names(question), (_("Chinese"), _("English")), strict=False)
    )


def _asset(kind: ProductType) -> Sequence[Ask]:
    """What it is delivered with, for kinds that need something (business-rules §2.6)."""
    if not kind.asset_kinds:
        return ()
    words = _(
        "An approved version out of your asset center. Who bought keeps the version that was sold, also on renewals."
    )
    if kind.scanned_clean:
        words = _(
            "An approved version of your asset center that passed the virus scan. Buyers can download this version and "
            "every approved version of the same asset."
        )
    return (
        Ask(name=f"fields.{ASSET}", label=_("What it is delivered with"), help=words, look=Look.CHOICE, longest=20),
    )


def _application(kind: ProductType) -> Sequence[Ask]:
    """What people of enterprises sign in by, for kinds that may have it (openapi-jointkit §B.1)."""
    if not kind.joint_sign_in:
        return ()
    words = _(
        "For joint operation: people of buyers' enterprises sign in with it. It cannot be changed once the product is published, "
        "and its calls go to the address that serves the product."
    )
    return (
        Ask(name=f"fields.{APPLICATION}", label=_("Application credential"), help=words, look=Look.CHOICE, longest=64),
    )


MOST_PROOFS = 3


def proof_names(kind: ProductType) -> list[str]:
    """Inputs of the documents that it asks for."""
    return [f"proofs.{proof.code}" for proof in kind.proofs]


def choices(kind: ProductType, product: Product) -> dict[str, Sequence[tuple[str, Words]]]:
    """Of what is chosen."""
    found: dict[str, Sequence[tuple[str, Words]]] = {}
    if kind.asset_kinds:
        usable = choosable(product.seller, kind.asset_kinds, clean=kind.scanned_clean)
        options = [(str(one.pk), f"{one.asset.name} {one.label} · {one.file_name}") for one in usable]
        found[f"fields.{ASSET}"] = [("", _("Not chosen yet")), *options]
    if kind.joint_sign_in:
        known = publication.choosable(product.seller, product)
        none = _("None: nobody signs in by way of an enterprise")
        found[f"fields.{APPLICATION}"] = [("", none), *((one.app_id, f"{one.name} · {one.app_id}") for one in known)]
    for question in kind.fields:
        answers: list[tuple[str, Words]] = [(code, _say(words)) for code, words in question.choices]
        if question.answer is Answer.YES_NO:
            answers = [(YES, _("Yes")), (NO, _("No"))]
        for name in _names(question):
            found[f"fields.{name}"] = [("", _("Not answered yet")), *answers]
    return found


def read(typed: Mapping[str, str], kind: ProductType) -> Details:
    """What was answered. Raises ``TooLong``."""
    answers = {
        name: typed.get(f"fields.{name}", "").replace("\0", "").replace("\r\n", "\n").strip()
        for name in (
            *((ASSET,) if kind.asset_kinds else ()),
            *((APPLICATION,) if kind.joint_sign_in else ()),
            *(name for question in kind.fields for name in _names(question)),
        )
    }
    errors = {
        f"fields.{name}": _("At most %(most)s characters; these are %(are)s.") % {"most": LONGEST, "are": len(said)}
        for name, said in answers.items()
        if len(said) > LONGEST
    }
    if errors:
        raise TooLong(errors)
    return Details(
        fields={name: said for name, said in answers.items() if said},
        proofs={proof.code: sha for proof in kind.proofs if (sha := typed.get(f"proofs.{proof.code}", ""))},
    )
