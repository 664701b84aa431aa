"""What has a name in Chinese and one in English is called by the one that its reader understands."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language


def named(subject: Any, name: str = "name") -> str:
    """``name`` or ``name_en`` of a row or of a dict, by the active language; the other one where that is empty."""
    read = subject.get if isinstance(subject, dict) else lambda key: getattr(subject, key, "")
    chinese, english = read(name) or "", read(f"{name}_en") or ""
    return (chinese or english) if (get_language() or "zh").startswith("zh") else (english or chinese)
