"""A mail about a demand: its subject 【market】【demand】【contact】, its sender and its text (business-rules §9). Pure.

The market writes the subject, so that a mail client can be opened with it, and reads it of what an operator pasted or what came
by IMAP.
"""

from __future__ import annotations

import html
import re
import unicodedata
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import nh3
from msgspec import Struct

LONGEST_SUBJECT = 300
MAX_TEXT = 100_000
"""Characters of a body that are looked at."""
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


class Problem(StrEnum):
    """Why a mail becomes no demand by itself."""

    TOO_LARGE = "too_large"
    SUBJECT = "subject"
    AUTOMATIC = "automatic"
    SENDER = "sender"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    REFUSED = "refused"


class DemandMail(Struct, frozen=True, kw_only=True):
    """Texts are empty where the mail does not say them. ``problem`` is None for a mail that can become a demand."""

    problem: Problem | None
    message_id: str = ""
    subject: str = ""
    sender: str = ""
    contact: str = ""
    text: str = ""


def read_mail(raw: bytes, *, too_large: bool = False) -> DemandMail:
    """Never raises: what a stranger sends may be anything."""
    try:
        return _read(raw, too_large=too_large)
    except Exception:  # noqa: BLE001  # the library raises many kinds for hostile headers, charsets and nesting
        return DemandMail(problem=Problem.UNREADABLE)


def _read(raw: bytes, *, too_large: bool) -> DemandMail:
    mail: EmailMessage = message_from_bytes(raw, policy=policy.default)
    subject, sender = _header(mail, "Subject"), parseaddr(_header(mail, "From"))[1]
    about = read_subject(subject)
    text = "" if too_large else _text(mail)
    problem = _problem(mail, sender=sender, about=about, text=text, too_large=too_large)
    return DemandMail(
        problem=problem, message_id=_header(mail, "Message-ID"), subject=subject[:LONGEST_SUBJECT], sender=sender[:254],
        contact=about.contact if about else "", text=text,
    )  # fmt: skip


def _problem(mail: EmailMessage, *, sender: str, about: Subject | None, text: str, too_large: bool) -> Problem | None:
    automatic = _header(mail, "Auto-Submitted").lower() not in {"", "no"} or _header(mail, "Precedence").lower() in {
        "bulk", "junk", "list",
    }  # fmt: skip
    checks = (
        (Problem.AUTOMATIC, automatic),
        (Problem.SUBJECT, about is None),
        (Problem.TOO_LARGE, too_large),
        (Problem.SENDER, "@" not in sender),
        (Problem.EMPTY, not text),
    )
    return next((problem for problem, applies in checks if applies), None)


def _header(mail: EmailMessage, name: str) -> str:
    """In one line of printable characters; of a header that stands twice the first."""
    return _line(str(mail.get(name, "")))


def _line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _text(mail: EmailMessage) -> str:
    """The plain text, else that of the HTML; without control characters."""
    part: Any = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    content = str(part.get_content())[:MAX_TEXT]
    if part.get_content_subtype() == "html":
        content = html.unescape(nh3.clean(content, tags=set(), clean_content_tags={"script", "style"}))
    lines = ("".join(one if one.isprintable() else " " for one in line).rstrip() for line in content.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
