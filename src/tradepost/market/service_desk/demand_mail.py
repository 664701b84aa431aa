"""A mail about a demand: its subject 【market】【demand】【contact】, its sender and its text (business-rules §9). Pure.

The market writes the subject, so that a mail client can be opened with it, and reads it of what an operator pasted or what came
by IMAP.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Iterable
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
_CHINESE = {"gb2312", "gb_2312-80", "gb-2312", "gbk", "x-gbk", "cp936", "ms936", "windows-936", "euc-cn", "x-euc-cn"}
"""Read as GB 18030."""
_NO_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"}
"""Encodings of Python that no mail uses, some of which are slow for long texts."""
_ENCODED_WORD = re.compile(rf"=\?(?:{'|'.join(_CHINESE)})(?:\*[a-z-]+)?\?", re.IGNORECASE)
_AUTOMATIC = ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond")
_BY_PERSONS = {"", "no", "none"}
"""Values of these headers in mails that people write."""
_PRECEDENCE = {"bulk", "junk", "list", "auto_reply"}
_BLOCKS = {
    "address", "article", "blockquote", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "li", "ol", "p", "section", "table", "tr", "ul",
}  # fmt: skip
_HIDDEN = {"script", "style", "title", "template", "noscript"}
_TAG = re.compile(r"(</?[a-z0-9]+>)")
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
    except Exception:  # noqa: BLE001  # the library raises many kinds for hostile nesting
        return DemandMail(problem=Problem.UNREADABLE)


def _read(raw: bytes, *, too_large: bool) -> DemandMail:
    mail: EmailMessage = message_from_bytes(raw, policy=policy.default)
    subject, sender = _header(mail, "Subject"), parseaddr(_header(mail, "From"))[1]
    about = read_subject(subject)
    try:
        text = "" if too_large else text_of(mail)
    except Exception:  # noqa: BLE001  # as above; the headers still say who wrote and about what
        text = None
    problem = _problem(mail, sender=sender, about=about, text=text, too_large=too_large)
    return DemandMail(
        problem=problem, message_id=_header(mail, "Message-ID"), subject=subject[:LONGEST_SUBJECT], sender=sender[:254],
        contact=about.contact if about else "", text=text or "",
    )  # fmt: skip


def _problem(
    mail: EmailMessage, *, sender: str, about: Subject | None, text: str | None, too_large: bool
) -> Problem | None:
    checks = (
        (Problem.AUTOMATIC, _is_automatic(mail)),
        (Problem.SUBJECT, about is None),
        (Problem.TOO_LARGE, too_large),
        (Problem.SENDER, "@" not in sender),
        (Problem.UNREADABLE, text is None),
        (Problem.EMPTY, not text),
    )
    return next((problem for problem, applies in checks if applies), None)


def _is_automatic(mail: EmailMessage) -> bool:
    """RFC 3834, and the headers of mail servers that do not follow it, such as Exchange."""
    marks = (_header(mail, name).partition(";")[0].strip().lower() for name in _AUTOMATIC)
    return any(mark not in _BY_PERSONS for mark in marks) or _header(mail, "Precedence").lower() in _PRECEDENCE


def _header(mail: EmailMessage, name: str) -> str:
    """In one line of printable characters; the first of several headers with this name. Empty for an unreadable one."""
    raw = next((value for header, value in mail.raw_items() if header.lower() == name.lower()), "")
    try:
        # Some programs write bytes of GBK or UTF-8 without encoded words.
        plain = decoded(raw.encode("ascii", "surrogateescape"))
        return _line(str(policy.default.header_fetch_parse(name, _ENCODED_WORD.sub("=?gb18030?", plain))))
    except Exception:  # noqa: BLE001  # the library raises many kinds for hostile headers
        return ""


def _line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def decoded(raw: bytes, charset: str = "") -> str:
    """Text in the named character set, else in UTF-8 or GB 18030: mail programs name a wrong one or none.

    GB 18030 contains GB 2312 and GBK, and mails that name one of these use characters that only it has.
    """
    named = charset.strip().lower()
    for name in ("gb18030" if named in _CHINESE else named, "utf-8", "gb18030"):
        try:
            if name and codecs.lookup(name).name not in _NO_CHARSETS:
                return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("utf-8", "replace")


def text_of(mail: EmailMessage) -> str:
    """The plain text, else that of the HTML; without control characters. Raises what the library raises."""
    for kind in ("plain", "html"):
        part: Any = mail.get_body(preferencelist=(kind,))
        raw = part.get_payload(decode=True) if part is not None else None
        if not isinstance(raw, bytes):
            continue
        content = decoded(raw, str(part.get_content_charset("")))[:MAX_TEXT]
        text = _cleaned(_html_lines(content) if kind == "html" else content.splitlines())
        if text:
            return text
    return ""


def _cleaned(lines: Iterable[str]) -> str:
    printable = ("".join(one if one.isprintable() else " " for one in line).rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(printable)).strip()


def _html_lines(content: str) -> list[str]:
    """Lines as a browser shows them: blocks begin a line, ``br`` ends one, other white space is one blank."""
    tags = _BLOCKS | {"br", "pre", "td", "th"}
    plain = nh3.clean(content, tags=tags, attributes={"*": set()}, clean_content_tags=_HIDDEN)
    lines, line, in_pre = [], "", False
    for piece in _TAG.split(plain):
        if not piece.startswith("<"):
            text = html.unescape(piece)
            line += text if in_pre else re.sub(r"\s+", " ", text)
            continue
        name = piece.strip("</>")
        if name in {"td", "th"}:
            line += " "
            continue
        if name == "pre":
            in_pre = not piece.startswith("</")
        if name == "br" or line.strip():
            lines += line.strip().splitlines() or [""]
            line = ""
    return [*lines, *line.strip().splitlines()]
