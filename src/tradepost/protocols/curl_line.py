"""A request as one command line of a POSIX shell: for a seller's engineer, to paste."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

MADE_BY_CURL = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "user-agent"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# Globbing off, since brackets of a URL are meant; --data-raw, since a body that starts with @ is no file name.
_CURL = ("curl", "--silent", "--show-error", "--include", "--globoff", "--max-time", "20")


def curl_line(*, method: str, url: str, headers: Sequence[Sequence[str]], body: str | bytes) -> str:
    """One line that sends exactly this, with the signature and the time that it has.

    A body of bytes that a shell cannot hold, or that a terminal would obey, goes through ``printf``.
    """
    before, data = "", []
    if isinstance(body, bytes):
        text = _printable(body)
        if text is None:
            before, data = f"printf {shlex.quote(_octal(body))} | ", ["--data-binary", "@-"]
        body = text or ""
    data = data or (["--data-raw", body] if body else [])
    arguments = [*curl_start(url), *curl_request(method, headers)]
    if data and not any(name.lower() == "content-type" for name, _ in headers):
        # Or curl would call it a form.
        arguments += ["--header", "Content-Type:"]
    return before + shlex.join([*arguments, "--url", url, *data])


def curl_start(url: str) -> list[str]:
    """``curl`` and its options. HTTP/2 would spell every header of the answer in small letters, ``Body-Sign`` too."""
    return [*_CURL, *(["--http1.1"] if url.startswith("https:") else [])]


def curl_request(method: str, headers: Sequence[Sequence[str]]) -> list[str]:
    """Method and headers, without those that curl makes itself."""
    arguments = ["--request", method]
    for name, value in headers:
        # A name such as "@file" would make curl read a file; what is no header name was never sent either.
        if name.lower() not in MADE_BY_CURL and _HEADER_NAME.fullmatch(name):
            arguments += ["--header", f"{name}: {value}" if value else f"{name};"]
    return arguments


def _printable(body: bytes) -> str | None:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if not text or text.replace("\n", "").isprintable() else None


def _octal(body: bytes) -> str:
    """For ``printf``, which knows no hex digits in every shell."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\%" else f"\\{byte:03o}" for byte in body)
