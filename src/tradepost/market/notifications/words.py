"""The shape of what a notice says; the words themselves stand in ``messages`` and beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

type Tone = Literal["good", "info", "warning", "danger"]
type Lazy = str | Promise


@dataclass(frozen=True, slots=True)
class Words:
    title: Lazy
    body: Lazy
    action: Lazy
    """What the link of the notice is called."""
    tone: Tone
    icon: str
