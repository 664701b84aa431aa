"""The first version of each agreement, shipped with the market; the operator publishes others in their place.

They are made after each migration, so that an empty database, too, has them; what is there stays as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from django.db import connection

FIRST = datetime(2025, 12, 31, 16, tzinfo=UTC)
"""Since when they are in force: orders name no version, only the moment at which its buyer agreed."""


def make_first(**_signal: Any) -> None:
    from .company_models import Agreement

    if Agreement._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001
        return  # the database was taken to an earlier state
    there = set(Agreement.objects.filter(number=1).values_list("kind", flat=True))
    for kind in Agreement.Kind.values:
        if kind not in there:
            Agreement.objects.create(
                kind=kind, number=1, text=_text(kind, "zh"), text_en=_text(kind, "en"), published_at=FIRST
            )


def _text(kind: str, language: str) -> str:
    folder = files("tradepost.market.identity") / "agreement_texts"
    return (folder / f"{kind}.{language}.txt").read_text(encoding="utf-8").strip()
