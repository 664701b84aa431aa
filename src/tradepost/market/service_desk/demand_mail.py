"""The subject of a mail about a demand: 【market】【demand】【contact】 (business-rules §9). Pure.

The market writes it, so that a mail client can be opened with it, and reads it of what an operator pasted.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from msgspec import Struct

LONGEST_SUBJECT = 300
WORDS = ("需求", "demand")
"""What stands in the middle."""
_BEGIN = re.compile(r"^(?:\s*(?:re|fw|fwd|回复|答复|转发)\s*[:：])+", re.IGNORECASE)
_PART = re.compile(r"【([^【】]*)】")
_BRACKETS = str.maketrans(
    {"[": "【", "]": "】", "［": "【", "］": "】", "〔": "【", "〕": "】", "「": "【", "」": "】"}
)


class Subject(Struct, frozen=True):
    market: str
    contact: str


def subject_for(market: str, word: str, contact: str) -> str:
    """In three brackets; what would end one is left out of it."""
    return "".join(f"【{_inside(part)}】" for part in (market, word, contact))


def _inside(part: str) -> str:
    return " ".join(re.sub(r"[【】\r\n]", " ", part).split())


def read_subject(text: str) -> Subject | None:
    """What a subject says; None where it is none of ours. Other brackets, a missing market's name, Re: and 转发: do no harm."""
    if len(text) > LONGEST_SUBJECT:
        return None
    plain = _BEGIN.sub("", text.translate(_BRACKETS)).strip()
    parts = [" ".join(part.split()) for part in _PART.findall(plain)]
    if not parts or _PART.sub("", plain).strip():
        return None
    at = next((place for place, part in enumerate(parts) if _is_word(part)), None)
    if at is None or at > 1 or len(parts) != at + 2:
        return None
    return Subject(parts[0] if at else "", parts[at + 1])


def _is_word(part: str) -> bool:
    return unicodedata.normalize("NFKC", part).casefold() in WORDS


def link_for(address: str, subject: str, body: str) -> str:
    """Opens a mail client with all of it filled in (RFC 6068)."""
    return f"mailto:{quote(address, safe='@')}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"
