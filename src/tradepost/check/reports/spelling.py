"""Requests and raw answers as text that a person can read, copy and run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tradepost.check.target import target_of
from tradepost.protocols.curl_line import curl_line
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.results import Report
    from tradepost.protocols.http import Request

LONGEST = 4000
_NAMED = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}


def curl(request: Request) -> str:
    """The request as a command; ``afresh`` says how to get another when its signature is too old."""
    return curl_line(method=request.method, url=request.url, headers=request.headers, body=request.body)


def again(report: Report, check_id: str) -> str:
    """The command that asks one check afresh and shows what was exchanged."""
    return shlex.join(["tradepost", "check", report.url, "--protocol", report.protocol, "--again", check_id])


def afresh(report: Report, check_id: str) -> Text:
    """What stands below a curl line. Not every version has a window of time (saas-v2 §2.4, saas-v1-license A1.2)."""
    command = again(report, check_id)
    if not target_of(report.protocol).dialect.stamped:
        return Text(en=f"To ask afresh: {command}", zh=f"重新检查请执行：{command}")
    return Text(
        en=f"The signature is good for 60 s. To ask afresh: {command}",
        zh=f"签名有效期为60秒，重新检查请执行：{command}",
    )


def sent(request: Request) -> str:
    """What was sent, as HTTP writes it."""
    head = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers)]
    return "\n".join([*head, *(["", raw(request.body)] if request.body else [])])


def raw(answer: bytes) -> str:
    """The bytes of an answer: line ends and everything unprintable escaped, a new line after each line end."""
    cut = answer[:LONGEST]
    text = cut.decode("utf-8", "backslashreplace").replace("\r\n", "\x00").replace("\n", "\x01")
    shown = "".join(_escaped(character) for character in text)
    shown = shown.replace("\x00", "\\r\\n\n").replace("\x01", "\\n\n")
    return f"{shown}… ({len(answer)} bytes)" if len(answer) > LONGEST else shown


def _escaped(character: str) -> str:
    if character in "\x00\x01" or (character.isprintable() and character != "\ufeff"):
        return character
    return _NAMED.get(character) or character.encode("unicode_escape").decode("ascii")
