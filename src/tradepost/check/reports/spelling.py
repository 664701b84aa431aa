"""Requests and raw answers as text that a person can read, copy and run."""

from __future__ import annotations

import shlex

from tradepost.protocols.http import Request

LONGEST = 4000
_NAMED = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}


def curl(request: Request) -> str:
    """The request as a command. Its signature is fresh for 60 s; the market's own calls look exactly so."""
    parts = ["curl", "-i"]
    if request.method not in {"GET", "POST"} or (request.method == "POST" and not request.body):
        parts += ["-X", request.method]
    parts.append(shlex.quote(request.url))
    for name, value in request.headers:
        parts += ["-H", shlex.quote(f"{name}: {value}")]
    if request.body:
        parts += ["--data-binary", _quoted(request.body)]
    return " ".join(parts)


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


def _quoted(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(f"\\x{byte:02x}" for byte in body) + "'"
