"""Requests and raw answers as text to read, copy and run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tradepost.check.target import target_of
from tradepost.protocols.curl_line import curl_line
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.results import Report
    from tradepost.protocols.http import Request

MAX_BYTES_SHOWN = 4000
_NAMED_ESCAPES = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}


def curl(request: Request) -> str:
    """Return the request as a command; ``repeat_hint`` explains how to get another after its signature expired."""
    return curl_line(method=request.method, url=request.url, headers=request.headers, body=request.body)


def repeat_command(report: Report, check_id: str) -> str:
    """Return the command that repeats one check and shows its exchanges."""
    return shlex.join(["tradepost", "check", report.url, "--protocol", report.protocol, "--again", check_id])


def repeat_hint(report: Report, check_id: str) -> Text:
    """Return the note below a curl line. Not every version has a time window (saas-v2 §2.4, saas-v1-license A1.2)."""
    command = repeat_command(report, check_id)
    if not target_of(report.protocol).dialect.stamped:
        return Text(en=f"To ask afresh: {command}", zh=f"重新检查请执行：{command}")
    return Text(
        en=f"The signature is good for 60 s. To ask afresh: {command}",
        zh=f"签名有效期为60秒，重新检查请执行：{command}",
    )


def format_request(request: Request) -> str:
    """Return the request in HTTP format."""
    head = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers)]
    return "\n".join([*head, *(["", format_answer(request.body)] if request.body else [])])


def format_answer(answer: bytes) -> str:
    """Return the bytes of an answer: line ends and unprintable bytes escaped, with a new line after each line end."""
    cut_answer = answer[:MAX_BYTES_SHOWN]
    text = cut_answer.decode("utf-8", "backslashreplace").replace("\r\n", "\x00").replace("\n", "\x01")
    escaped_text = "".join(_escaped(character) for character in text)
    escaped_text = escaped_text.replace("\x00", "\\r\\n\n").replace("\x01", "\\n\n")
    return f"{escaped_text}… ({len(answer)} bytes)" if len(answer) > MAX_BYTES_SHOWN else escaped_text


def _escaped(character: str) -> str:
    if character in "\x00\x01" or (character.isprintable() and character != "\ufeff"):
        return character
    return _NAMED_ESCAPES.get(character) or character.encode("unicode_escape").decode("ascii")
