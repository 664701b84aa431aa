"""Show a Chinese or an English name, depending on the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language


def localised_name(subject: Any, name: str = "name") -> str:
    """Return ``name`` or ``name_en`` of a row or dict, by the active language. Falls back to the other name if that
    one is empty."""
    get_value = subject.get if isinstance(subject, dict) else lambda key: getattr(subject, key, "")
    chinese, english = get_value(name) or "", get_value(f"{name}_en") or ""
    return (chinese or english) if (get_language() or "zh").startswith("zh") else (english or chinese)
