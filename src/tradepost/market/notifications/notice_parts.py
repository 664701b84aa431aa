"""The parts of a notice: its words as they are declared, and as they are said to a reader."""

from __future__ import annotations

from typing import Literal

from django.utils.functional import Promise
from msgspec import Struct

from .categories import DEFAULT_POLICY, NoticePolicy

type Tone = Literal["good", "info", "warning", "danger"]
type LazyText = str | Promise


class NoticeTemplate(Struct, frozen=True):
    title: LazyText
    body: LazyText
    action: LazyText
    """What the link of the notice is called."""
    tone: Tone
    icon: str
    about: NoticePolicy = DEFAULT_POLICY
    """Its category, whom it is for, and whether it may be switched off."""


class RenderedNotice(Struct, frozen=True):
    """A notice in the active language."""

    title: str
    body: str
    action: str
    tone: Tone
    icon: str
