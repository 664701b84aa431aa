"""Command lines that repeat a request to a seller, for the seller's engineers."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from tradepost.protocols.curl_line import curl_line, curl_request, curl_start

__all__ = ["curl_line", "resigning_lines", "sign_command"]

SIGNED_PARTS = frozenset({"signature", "timestamp", "nonce"})
"""Query parameters of a request signed in its URL (saas-v2 §2.2)."""


def sign_command(*, protocol: str, url: str, body: str) -> str:
    """Return the command that signs the same request again; it asks for the key if the environment has none."""
    data = ["--data", body] if body else []
    return shlex.join(["tradepost", "sign", url, "--protocol", protocol, *data])


def resigning_lines(*, method: str, url: str, headers: Sequence[Sequence[str]], body: str) -> str:
    """Return shell lines that sign the same body with the key in ``$KEY`` and send it (saas-v2 §2.3).

    Empty if the request is not signed in its URL. The key is never part of the text.
    """
    parts = urlsplit(url)
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if not names >= SIGNED_PARTS:
        return ""
    # Other parameters belong to the address and are kept unchanged.
    other_parameters = [pair for pair in parts.query.split("&") if pair.partition("=")[0] not in SIGNED_PARTS]
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join([*other_parameters, ""]), ""))
    if not other_parameters:
        address += "?"
    hmac = 'openssl dgst -sha256 -hmac "$KEY" -r | cut -d " " -f 1'
    command = shlex.join([*curl_start(url), *curl_request(method, headers)])
    target = f'--url {shlex.quote(address)}"signature=$SIGNATURE&timestamp=$TIME&nonce=$NONCE"'
    return "\n".join(
        [
            # The key is not displayed while it is typed.
            'printf "Signing key: "; stty -echo 2>/dev/null; read -r KEY; stty echo 2>/dev/null; echo >&2',
            f"BODY={shlex.quote(body)}",
            "TIME=$(date +%s)000; NONCE=$(openssl rand -hex 32)",
            f'HASH=$(printf %s "$BODY" | {hmac})',
            f'SIGNATURE=$(printf %s "$KEY$NONCE$TIME$HASH" | {hmac})',
            f'{command} {target} --data-raw "$BODY"',
        ]
    )
