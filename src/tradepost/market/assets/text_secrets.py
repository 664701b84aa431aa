"""Find keys in plain text: private keys, and access keys of clouds. Pure; the secrets themselves are never stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

OVERLAP = 512
"""Bytes of the previous piece that are searched again, because a key may span two pieces."""
PATTERNS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    # Manuals often contain the header alone; with a line of content it is a key.
    ("secret.private_key", re.compile(rb"-----BEGIN (?:RSA |EC |DSA |OPENSSH )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")),
    ("secret.access_key", re.compile(rb"(?<![A-Za-z0-9])(?:AKIA[0-9A-Z]{16}|LTAI[0-9A-Za-z]{16,20})(?![A-Za-z0-9])")),
    (
        "secret.secret_key",
        re.compile(
            rb"(?i:secret[_-]?(?:access[_-]?)?key|\bsk)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?=[A-Za-z/+]*[0-9])(?=[0-9a-z/+]*[A-Z])"
            rb"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
        ),
    ),
)


@dataclass
class SecretFinder:
    """Receives a text in pieces."""

    found: list[str] = field(default_factory=list)
    _tail: bytes = b""

    def feed(self, piece: bytes) -> None:
        text = self._tail + piece
        for code, pattern in PATTERNS:
            if code not in self.found and pattern.search(text):
                self.found.append(code)
        self._tail = text[-OVERLAP:]
