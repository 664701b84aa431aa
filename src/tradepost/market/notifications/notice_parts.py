"""The parts of a notice: its words as they are declared, and as they are said to a reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

from .categories import UNDECLARED, About

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
    about: About = UNDECLARED
    """Its category, whom it is for, and whether it may be switched off."""


@dataclass(frozen=True, slots=True)
class Said:
    """A notice in the active language."""

    title: str
    body: str
    action: str
    tone: Tone
    icon: str
