"""The first version of each agreement, shipped with the market; the operator publishes others in their place.

Made by migration 0005: the texts beside this module are what it wrote, so they stay as they are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

FIRST = datetime(2025, 12, 31, 16, tzinfo=UTC)
"""Since when they are in force: orders name no version, only the moment at which its buyer agreed."""
KINDS = ("seller", "publish", "buyer")


def make_first(agreements: Any) -> None:
    """``agreements``: the manager of their model. Those that are there already stay."""
    for kind in KINDS:
        texts = {"text": _text(kind, "zh"), "text_en": _text(kind, "en")}
        agreements.get_or_create(kind=kind, number=1, defaults={**texts, "published_at": FIRST})


def _text(kind: str, language: str) -> str:
    folder = files("tradepost.market.identity") / "agreement_texts"
    return (folder / f"{kind}.{language}.txt").read_text(encoding="utf-8").strip()
