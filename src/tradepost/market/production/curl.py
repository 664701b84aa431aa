"""Command lines that repeat what was sent to a seller: for a seller's engineer, to paste into a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

SIGNED_PARTS = frozenset({"signature", "timestamp", "nonce"})
"""Query parameters of a request that is signed in its URL (saas-v2 §2.2)."""
MADE_BY_CURL = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "user-agent"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# Globbing off, since brackets of a URL are meant; --data-raw, since a body that starts with @ is no file name.
_CURL = ("curl", "--silent", "--show-error", "--include", "--globoff", "--max-time", "20")


def curl_line(*, method: str, url: str, headers: Sequence[Sequence[str]], body: str) -> str:
    """One line for a POSIX shell that sends exactly this again, with the signature and the time it had then."""
    return shlex.join([*_CURL, *_request(method, headers), "--url", url, *_data(body)])


def signed_afresh(*, method: str, url: str, headers: Sequence[Sequence[str]], body: str) -> str:
    """Lines for a POSIX shell that sign the same body anew with the key in ``$KEY``, then send it (saas-v2 §2.3).

    Empty when the request is not signed in its URL. The key itself is never part of the text.
    """
    parts = urlsplit(url)
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if not names >= SIGNED_PARTS:
        return ""
    # The other parameters belong to the address and are kept byte for byte.
    kept = [pair for pair in parts.query.split("&") if pair.partition("=")[0] not in SIGNED_PARTS]
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join([*kept, ""]), ""))
    if not kept:
        address += "?"
    hmac = 'openssl dgst -sha256 -hmac "$KEY" -r | cut -d " " -f 1'
    command = shlex.join([*_CURL, *_request(method, headers)])
    target = f'--url {shlex.quote(address)}"signature=$SIGNATURE&timestamp=$TIME&nonce=$NONCE"'
    return "\n".join(
        [
            'printf "Signing key: "; read -r KEY',
            f"BODY={shlex.quote(body)}",
            "TIME=$(date +%s)000; NONCE=$(openssl rand -hex 32)",
            f'HASH=$(printf %s "$BODY" | {hmac})',
            f'SIGNATURE=$(printf %s "$KEY$NONCE$TIME$HASH" | {hmac})',
            f'{command} {target} --data-raw "$BODY"',
        ]
    )


def _request(method: str, headers: Sequence[Sequence[str]]) -> list[str]:
    arguments = ["--request", method]
    for name, value in headers:
        # A name such as "@file" would make curl read a file; what is no header name was never sent either.
        if name.lower() not in MADE_BY_CURL and _HEADER_NAME.fullmatch(name):
            arguments += ["--header", f"{name}: {value}" if value else f"{name};"]
    return arguments


def _data(body: str) -> list[str]:
    return ["--data-raw", body] if body else []
