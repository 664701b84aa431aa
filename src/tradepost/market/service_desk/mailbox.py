"""The IMAP mailbox of demand mails (business-rules §9): connects through the outbound policy, reads within bounds, marks as seen."""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any, override
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from tradepost.market.base.authorities import trusted
from tradepost.market.base.guard import guarded_connection
from tradepost.market.base.outbound_policy import OutboundPolicy

PORTS = {"imaps": 993, "imap+starttls": 143, "imap": 143}
WITHIN = 30.0
"""Seconds for each answer of the server."""
HEADER_BYTES = 65_536
"""Read of a mail that is larger than the setting allows."""
MAX_ANSWER = 16 * 1024 * 1024
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")
_VALIDITY = re.compile(rb"(\d{1,15})")


class MailboxError(Exception):
    """The mailbox cannot be read; the text says why, without the password."""


class Place(Struct, frozen=True, kw_only=True):
    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str

    @property
    def shown(self) -> str:
        """For people: without the password."""
        return f"{self.user} at {self.host}:{self.port}/{self.folder}"


def place_of(url: str) -> Place:
    """``imaps://user:password@host:993/folder``. Raises ``ValueError``, which does not repeat the URL."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or not parts.username or parts.password is None:
        raise ValueError("write it as imaps://user:password@host:993/INBOX")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if not folder.isascii() or not folder.isprintable() or '"' in folder or "\\" in folder:
        raise ValueError("the folder has letters, digits and plain signs only")
    user, password = unquote(parts.username), unquote(parts.password)
    if not (user + password).isprintable() or "\ufffd" in user + password:
        raise ValueError("user and password are UTF-8, in percent encoding, without control characters")
    return Place(
        scheme=parts.scheme, host=parts.hostname, port=parts.port or PORTS[parts.scheme], user=user, password=password,
        folder=folder,
    )  # fmt: skip


class Received(Struct, frozen=True, kw_only=True):
    """``raw`` is only the beginning of a mail that is ``too_large``."""

    uid: str
    raw: bytes
    too_large: bool


class _Client(imaplib.IMAP4):
    """``imaplib`` over a connection that the outbound policy allows, and never more bytes at once than it asked for."""

    def __init__(self, place: Place, outbound: OutboundPolicy) -> None:
        self._place, self._outbound = place, outbound
        super().__init__(place.host, place.port, timeout=WITHIN)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        opened = guarded_connection(self._place.host, self._place.port, timeout or WITHIN, outbound=self._outbound)
        opened.settimeout(WITHIN)
        if self._place.scheme != "imaps":
            return opened
        return _context(self._outbound).wrap_socket(opened, server_hostname=self._place.host)

    @override
    def read(self, size: int) -> bytes:
        if size > MAX_ANSWER:
            raise self.abort(f"the server sends {size} bytes at once")
        return super().read(size)


def _context(outbound: OutboundPolicy) -> ssl.SSLContext:
    return trusted(outbound.authorities, protocols=())


class Mailbox:
    def __init__(self, client: imaplib.IMAP4, validity: str) -> None:
        self._client, self.validity = client, validity

    def unseen(self) -> list[str]:
        """UIDs, the oldest first."""
        [found] = _ok(self._client.uid("SEARCH", "UNSEEN"))
        return [uid.decode() for uid in (found or b"").split() if uid.isdigit()]

    def read(self, uid: str, *, max_bytes: int) -> Received | None:
        """A mail; it stays unseen. None where it is gone."""
        sizes = b" ".join(_bytes(part) for part in _ok(self._client.uid("FETCH", uid, "(RFC822.SIZE)")))
        found = _SIZE.search(sizes)
        if found is None:
            return None
        too_large = int(found[1]) > max_bytes
        wanted = HEADER_BYTES if too_large else max_bytes
        parts = _ok(self._client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{wanted}>)"))
        raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
        return Received(uid=uid, raw=raw[:wanted], too_large=too_large)

    def mark_seen(self, uid: str) -> None:
        _ok(self._client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))


@contextlib.contextmanager
def opened(place: Place, *, outbound: OutboundPolicy, read_only: bool = False) -> Iterator[Mailbox]:
    """Raises ``MailboxError``, also for what fails while the mailbox is used."""
    try:
        if place.scheme == "imap" and not outbound.sandbox:
            raise MailboxError("imap:// sends the password in clear text: use imaps:// or imap+starttls://")
        client = _Client(place, outbound)
        try:
            if place.scheme == "imap+starttls":
                _ok(client.starttls(_context(outbound)))
            _ok(_log_in(client, place))
            _ok(client.select(f'"{place.folder}"', readonly=read_only))
            validity = _VALIDITY.search(_bytes((client.response("UIDVALIDITY")[1] or [b""])[0]))
            yield Mailbox(client, validity[1].decode() if validity else "0")
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                client.logout()
    except (OSError, imaplib.IMAP4.error) as wrong:  # ssl's errors are OSErrors
        words = (str(wrong) or type(wrong).__name__).splitlines()[0].replace(place.password, "…")
        raise MailboxError(words[:300]) from wrong


def _log_in(client: imaplib.IMAP4, place: Place) -> tuple[str, list[Any]]:
    if place.user.isascii() and place.password.isascii():
        return client.login(place.user, place.password)
    # LOGIN takes ASCII alone; PLAIN is UTF-8 (RFC 4616).
    status, words = client.authenticate("PLAIN", lambda _challenge: f"\0{place.user}\0{place.password}".encode())
    return status, [words]


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    status, parts = answer
    if status != "OK":
        raise imaplib.IMAP4.error(b" ".join(_bytes(part) for part in parts).decode(errors="replace")[:300])
    return parts


def _bytes(part: Any) -> bytes:
    return b" ".join(map(_bytes, part)) if isinstance(part, tuple) else part if isinstance(part, bytes) else b""
