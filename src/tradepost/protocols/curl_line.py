"""Format a request as a curl command for a POSIX shell, so that a seller's engineer can paste it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

CURL_HEADERS = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "user-agent"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# --globoff: brackets in a URL are literal. --data-raw: a body that starts with @ is not a file name.
_CURL = ("curl", "--silent", "--show-error", "--include", "--globoff", "--max-time", "20")


def curl_line(*, method: str, url: str, headers: Sequence[Sequence[str]], body: str | bytes) -> str:
    """Return a command that sends exactly this request, including its signature and time.

    A body with bytes that a shell cannot pass or a terminal would interpret goes through ``printf``.
    """
    pipe, data = "", []
    if isinstance(body, bytes):
        text = _printable(body)
        if text is None:
            pipe, data = f"printf {shlex.quote(_octal(body))} | ", ["--data-binary", "@-"]
        body = text or ""
    data = data or (["--data-raw", body] if body else [])
    arguments = [*curl_start(url), *curl_request(method, headers)]
    if data and not any(name.lower() == "content-type" for name, _ in headers):
        # Otherwise curl would send it as a form.
        arguments += ["--header", "Content-Type:"]
    return pipe + shlex.join([*arguments, "--url", url, *data])


def curl_start(url: str) -> list[str]:
    """Return ``curl`` and its options. HTTP/1.1 keeps the case of header names such as ``Body-Sign``; HTTP/2 lowers
    it."""
    return [*_CURL, *(["--http1.1"] if url.startswith("https:") else [])]


def curl_request(method: str, headers: Sequence[Sequence[str]]) -> list[str]:
    """Return options for the method and headers, without the headers that curl creates."""
    arguments = ["--request", method]
    for name, value in headers:
        # A name such as "@file" would make curl read a file. An invalid header name was never sent either.
        if name.lower() not in CURL_HEADERS and _HEADER_NAME.fullmatch(name):
            arguments += ["--header", f"{name}: {value}" if value else f"{name};"]
    return arguments


def _printable(body: bytes) -> str | None:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if not text or text.replace("\n", "").isprintable() else None


def _octal(body: bytes) -> str:
    """Escape for ``printf``, which does not support hex digits in every shell."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\%" else f"\\{byte:03o}" for byte in body)
