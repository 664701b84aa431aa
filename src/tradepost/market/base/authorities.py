"""Certificate authorities that an operator adds to those of the machine (``TRADEPOST_CA_FILE``)."""

from __future__ import annotations

import atexit
import re
import ssl
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

SETTING = "TRADEPOST_CA_FILE"
MAX_BYTES = 4 * 1_048_576
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def read_authorities(path: Path) -> str:
    """Return the certificates of a PEM bundle, without the text between them. Raises ``ValueError`` with an
    explanation."""
    try:
        content = path.read_bytes()[: MAX_BYTES + 1]
    except OSError as fault:
        raise ValueError(f"{path} cannot be read: {fault.strerror}. Correct the path or its permissions.") from None
    text = content.decode("latin-1").replace("\r\n", "\n")
    if "PRIVATE KEY-----" in text:
        raise ValueError(f"{path} holds a private key. Give a file that holds only the certificates of the authority.")
    blocks = _CERTIFICATE.findall(text)
    if len(content) > MAX_BYTES or len(blocks) != text.count("-----BEGIN CERTIFICATE-----") or not blocks:
        raise ValueError(f"{path} is not a bundle of certificates in PEM, at most {MAX_BYTES // 1_048_576} MB.")
    for number, block in enumerate(blocks, 1):
        try:
            ssl.create_default_context(cadata=block)
        except (ssl.SSLError, TypeError, ValueError):  # a byte that is not ASCII is a TypeError
            raise ValueError(f"{path}: certificate {number} of {len(blocks)} is damaged. Export it again.") from None
    return "\n".join(blocks) + "\n"


def split(authorities: str) -> list[str]:
    """Return the certificates of a bundle one by one."""
    return _CERTIFICATE.findall(authorities)


@lru_cache(maxsize=8)
def trusted(authorities: str, *, lenient: bool = False, protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
    """Return a TLS context that trusts the machine's authorities and the operator's. It is shared: do not change it.

    ``lenient``: accept certificates as browsers do, without the strict checks of RFC 5280. Private authorities seldom
    pass these, so any operator's authority turns it on. ``protocols``: offered by ALPN."""
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cadata=authorities)
    if authorities or lenient:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@lru_cache(maxsize=8)
def bundle_file(authorities: str) -> str:
    """Return the path of a file with the public authorities and the operator's, for libraries that accept only a
    file.

    Empty if the operator has added no authorities: the library then uses its own. The file is deleted when the
    process ends."""
    if not authorities:
        return ""
    import certifi

    with tempfile.NamedTemporaryFile("w", prefix="tradepost-authorities-", suffix=".pem", delete=False) as file:
        file.write(f"{Path(certifi.where()).read_text()}\n{authorities}")
    atexit.register(_remove, file.name)
    return file.name


def _remove(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
