"""Mails about demands: the subject 【market】【demand】【contact】, the sender and the text (business-rules §9). No I/O.

The market writes the subject for the link that opens a mail client, and reads it from mails that operators paste or
IMAP delivers.
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

MAX_SUBJECT_LENGTH = 300
MAX_TEXT = 100_000
"""Maximum number of characters of a body that are read."""
KEYWORDS = ("需求", "demand")
"""The second bracket of a subject."""
_REPLY_PREFIX = re.compile(r"^(?:\s*(?:re|fw|fwd|回复|答复|转发)\s*[:：])+", re.IGNORECASE)
_PART = re.compile(r"【([^【】]*)】")
_CHINESE = {"gb2312", "gb_2312-80", "gb-2312", "gbk", "x-gbk", "cp936", "ms936", "windows-936", "euc-cn", "x-euc-cn"}
"""Character sets that are read as GB 18030."""
_NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"}
"""Encodings of Python that mails do not use; some are slow for long texts."""
_ENCODED_WORD = re.compile(rf"=\?(?:{'|'.join(_CHINESE)})(?:\*[a-z-]+)?\?", re.IGNORECASE)
_AUTOMATIC_HEADERS = ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond")
_NOT_AUTOMATIC_VALUES = {"", "no", "none"}
"""Values of these headers in mails written by people."""
_PRECEDENCE = {"bulk", "junk", "list", "auto_reply"}
_BLOCK_TAGS = {
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
    """Return the subject with three brackets, without characters that would end a bracket."""
    return "".join(f"【{_subject_part(part)}】" for part in (market, word, contact))


def _subject_part(part: str) -> str:
    return " ".join(re.sub(r"[【】\r\n]", " ", part).split())


def read_subject(text: str) -> Subject | None:
    """Parse a subject; None if it has another form. Other brackets, a missing market name, Re: and 转发: are accepted."""
    if len(text) > MAX_SUBJECT_LENGTH:
        return None
    plain_subject = _REPLY_PREFIX.sub("", text.translate(_BRACKETS)).strip()
    parts = [" ".join(part.split()) for part in _PART.findall(plain_subject)]
    if not parts or _PART.sub("", plain_subject).strip():
        return None
    keyword_index = next((index for index, part in enumerate(parts) if _is_keyword(part)), None)
    if keyword_index is None or keyword_index > 1 or len(parts) != keyword_index + 2:
        return None
    return Subject(parts[0] if keyword_index else "", parts[keyword_index + 1])


def _is_keyword(part: str) -> bool:
    return unicodedata.normalize("NFKC", part).casefold() in KEYWORDS


def link_for(address: str, subject: str, body: str) -> str:
    """Return a link that opens a mail client with all fields filled in (RFC 6068)."""
    return f"mailto:{quote(address, safe='@')}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"


class Problem(StrEnum):
    """Why a mail is not accepted as a demand."""

    TOO_LARGE = "too_large"
    SUBJECT = "subject"
    AUTOMATIC = "automatic"
    SENDER = "sender"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    REFUSED = "refused"


class DemandMail(Struct, frozen=True, kw_only=True):
    """A parsed mail; missing texts are empty. ``problem``: None if the mail is acceptable as a demand."""

    problem: Problem | None
    message_id: str = ""
    subject: str = ""
    sender: str = ""
    contact: str = ""
    text: str = ""


def read_mail(raw: bytes, *, too_large: bool = False) -> DemandMail:
    """Parse a mail. Never raises, since strangers may send anything."""
    try:
        return _read(raw, too_large=too_large)
    except Exception:  # noqa: BLE001  # the library raises many exceptions for malicious nesting
        return DemandMail(problem=Problem.UNREADABLE)


def _read(raw: bytes, *, too_large: bool) -> DemandMail:
    mail: EmailMessage = message_from_bytes(raw, policy=policy.default)
    subject, sender = _header(mail, "Subject"), parseaddr(_header(mail, "From"))[1]
    demand_subject = read_subject(subject)
    try:
        text = "" if too_large else text_of(mail)
    except Exception:  # noqa: BLE001  # as above; the headers are still readable
        text = None
    problem = _problem(mail, sender=sender, about=demand_subject, text=text, too_large=too_large)
    return DemandMail(
        problem=problem, message_id=_header(mail, "Message-ID"), subject=subject[:MAX_SUBJECT_LENGTH], sender=sender[:254],
        contact=demand_subject.contact if demand_subject else "", text=text or "",
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
    """Return whether the mail is automatic, by RFC 3834 and by headers of other mail servers, such as Exchange."""
    marks = (_header(mail, name).partition(";")[0].strip().lower() for name in _AUTOMATIC_HEADERS)
    return (
        any(mark not in _NOT_AUTOMATIC_VALUES for mark in marks) or _header(mail, "Precedence").lower() in _PRECEDENCE
    )


def _header(mail: EmailMessage, name: str) -> str:
    """Return the first header with this name as one printable line; empty if it is unreadable."""
    raw = next((value for header, value in mail.raw_items() if header.lower() == name.lower()), "")
    try:
        # Some programs write GBK or UTF-8 bytes without encoded words.
        plain_header = decode_text(raw.encode("ascii", "surrogateescape"))
        return _line(str(policy.default.header_fetch_parse(name, _ENCODED_WORD.sub("=?gb18030?", plain_header))))
    except Exception:  # noqa: BLE001  # the library raises many exceptions for malicious headers
        return ""


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def decode_text(raw: bytes, charset: str = "") -> str:
    """Decode with the named character set, else UTF-8 or GB 18030, since mail programs may name a wrong one.

    GB 18030 includes GB 2312 and GBK. Mails that name one of these use characters that only GB 18030 has.
    """
    normalized_charset = charset.strip().lower()
    for name in ("gb18030" if normalized_charset in _CHINESE else normalized_charset, "utf-8", "gb18030"):
        try:
            if name and codecs.lookup(name).name not in _NOT_CHARSETS:
                return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("utf-8", "replace")


def text_of(mail: EmailMessage) -> str:
    """Return the plain text, else the text of the HTML, without control characters. Passes on the library's
    exceptions."""
    for kind in ("plain", "html"):
        part: Any = mail.get_body(preferencelist=(kind,))
        raw = part.get_payload(decode=True) if part is not None else None
        if not isinstance(raw, bytes):
            continue
        content = decode_text(raw, str(part.get_content_charset("")))[:MAX_TEXT]
        text = _clean_text(_html_lines(content) if kind == "html" else content.splitlines())
        if text:
            return text
    return ""


def _clean_text(lines: Iterable[str]) -> str:
    printable = ("".join(char if char.isprintable() else " " for char in line).rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(printable)).strip()


def _html_lines(content: str) -> list[str]:
    """Return the lines as a browser shows them: blocks start a line, ``br`` ends one, other white space is one
    space."""
    tags = _BLOCK_TAGS | {"br", "pre", "td", "th"}
    plain_content = nh3.clean(content, tags=tags, attributes={"*": set()}, clean_content_tags=_HIDDEN)
    lines, line, in_pre = [], "", False
    for piece in _TAG.split(plain_content):
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
