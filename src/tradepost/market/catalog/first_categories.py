"""The categories with which a new market starts. Migration 0012 creates them; operators can change them.

The demo's products use their slugs."""

from __future__ import annotations

from typing import Any

FIRST = (
    ("office", "办公协同", "Office & collaboration", "apps"),
    ("sales-service", "营销与客服", "Sales & service", "headset"),
    ("finance-people", "财税与人事", "Finance & people", "file-invoice"),
    ("industry", "工业软件", "Industrial software", "settings"),
    ("data-ai", "数据与智能", "Data & AI", "chart-bar"),
    ("development", "开发与运维", "Development & operations", "code"),
    ("security", "安全与合规", "Security & compliance", "shield-check"),
    ("retail", "零售与餐饮", "Retail & hospitality", "building-store"),
)
"""Slug, Chinese name, English name, and an icon of ``web/icons.txt``, in the order of the store."""
SLUGS = frozenset(slug for slug, *_ in FIRST)


def create_first(categories: Any) -> None:
    """Create the categories in a market that has none. ``categories``: the manager of their model."""
    if categories.exists():
        return
    categories.bulk_create(
        categories.model(slug=slug, name=name, name_en=name_en, icon=icon, position=position)
        for position, (slug, name, name_en, icon) in enumerate(FIRST)
    )


def ensure(categories: Any, slug: str) -> None:
    """Create one of the first categories if it is missing, for a product of the demo."""
    position, row = next((place, row) for place, row in enumerate(FIRST) if row[0] == slug)
    _, name, name_en, icon = row
    values = {"name": name, "name_en": name_en, "icon": icon, "position": position}
    categories.get_or_create(slug=slug, defaults=values)
