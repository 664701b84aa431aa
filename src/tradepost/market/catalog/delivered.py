"""Delivery data of the listed versions of a product: endpoint cards and image manifests of services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct

from tradepost.market.product_types.contract import Answer, Question
from tradepost.market.product_types.image_manifest import IMAGES, INSTALL, ImageReference, read_images
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.text import Text

from . import document as documents
from .models import Product, Version

MAX_VERSIONS = 50
SCHEMA = "tradepost.image-manifest/1"


class CardLine(Struct, frozen=True):
    """A line of an endpoint card. ``copies``: whether it has a copy button."""

    label: Text
    value: Text
    copies: bool


class ImageManifest(Struct, frozen=True):
    """The images of one listed version of a product."""

    product: Text
    number: int
    listed_at: datetime
    images: tuple[ImageReference, ...]
    install: Text

    def dump(self) -> bytes:
        """Return the file that a buyer downloads: JSON in UTF-8."""
        content = {
            "schema": SCHEMA,
            "product": {"zh": self.product.zh, "en": self.product.en},
            "version": self.number,
            "listedAt": self.listed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "images": [
                {"name": image.name, "tag": image.tag, "digest": image.digest, "reference": image.reference}
                for image in self.images
            ],
            "install": {"zh": self.install.zh, "en": self.install.en},
        }
        return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def current_answers(product: Product) -> Mapping[str, str]:
    """Return the answers of the version listed last, because a moved endpoint also applies to buyers of earlier
    versions."""
    listed = Version.objects.filter(product=product, listed_at__isnull=False).order_by("-listed_at", "-number")
    return listed.values_list("document__details__fields", flat=True).first() or {}


def card_of(product: Product, answers: Mapping[str, str]) -> list[CardLine]:
    """Return the endpoint card; empty for kinds without one. ``answers``: the current ones; unanswered questions are
    left out."""
    questions = [question for question in product_type(product.product_type).fields if question.after_payment]
    return [
        CardLine(question.label, value, question.answer is Answer.LINE)
        for question in questions
        if (value := _answered(question, answers)).zh or value.en
    ]


def issues_keys(product: Product, answers: Mapping[str, str]) -> bool:
    """Return whether buyers of this product create app keys, according to its current answers."""
    rule = product_type(product.product_type).app_keys
    return rule is not None and rule(answers)


def _answered(question: Question, answers: Mapping[str, str]) -> Text:
    answer = answers.get(question.code, "").strip()
    if choice := question.chosen(answer):
        return choice
    return (
        Text(zh=answer, en=answers.get(f"{question.code}_en", "").strip()) if question.translated else Text.same(answer)
    )


def manifests_since(sold: Version) -> list[ImageManifest]:
    """Return the manifests for a buyer of this version, newest first: of that version and of each one listed
    later."""
    versions = Version.objects.filter(product=sold.product_id, number__gte=sold.number, listed_at__isnull=False)
    newest = list(versions.order_by("-number")[:MAX_VERSIONS])
    if sold.listed_at is not None and sold not in newest:
        newest.append(sold)
    manifests = (_manifest(version) for version in newest)
    return [manifest for manifest in manifests if manifest is not None]


def _manifest(version: Version) -> ImageManifest | None:
    """Return the manifest, or None for a version without images."""
    document = documents.load(version.document)
    answers = document.details.fields
    images = read_images(answers.get(IMAGES, ""))
    if not images or version.listed_at is None:
        return None
    return ImageManifest(document.base.name, version.number, version.listed_at, images, _answered(INSTALL, answers))
