"""Command lines that repeat what was sent to a seller: for a seller's engineer, to paste into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from tradepost.protocols.curl_line import curl_line, curl_request, curl_start

__all__ = ["curl_line", "sign_command", "signed_afresh"]

SIGNED_PARTS = frozenset({"signature", "timestamp", "nonce"})
"""Query parameters of a request that is signed in its URL (saas-v2 §2.2)."""


def sign_command(*, protocol: str, url: str, body: str) -> str:
    """The command that signs the same request anew, in every version; it asks for the key where none is in the environment."""
    data = ["--data", body] if body else []
    return shlex.join(["tradepost", "sign", url, "--protocol", protocol, *data])


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
    command = shlex.join([*curl_start(url), *curl_request(method, headers)])
    target = f'--url {shlex.quote(address)}"signature=$SIGNATURE&timestamp=$TIME&nonce=$NONCE"'
    return "\n".join(
        [
            # The key is not shown while it is typed.
            'printf "Signing key: "; stty -echo 2>/dev/null; read -r KEY; stty echo 2>/dev/null; echo >&2',
            f"BODY={shlex.quote(body)}",
            "TIME=$(date +%s)000; NONCE=$(openssl rand -hex 32)",
            f'HASH=$(printf %s "$BODY" | {hmac})',
            f'SIGNATURE=$(printf %s "$KEY$NONCE$TIME$HASH" | {hmac})',
            f'{command} {target} --data-raw "$BODY"',
        ]
    )
