"""The IMAP mailbox of demand mails (business-rules §9): connect by the outbound policy, read within limits, mark as
seen."""

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

from .imaplib_internals import OverOwnConnection

PORTS = {"imaps": 993, "imap+starttls": 143, "imap": 143}
TIMEOUT = 30.0
"""Timeout in seconds for each response of the server."""
HEADER_BYTES = 65_536
"""Number of bytes read of a mail that exceeds the maximum size."""
MAX_READ_BYTES = 16 * 1024 * 1024
_SIZE_PATTERN = re.compile(rb"RFC822\.SIZE (\d{1,15})")
_VALIDITY_PATTERN = re.compile(rb"(\d{1,15})")


class MailboxError(Exception):
    """The mailbox cannot be read. The message gives the reason without the password."""


class MailboxAddress(Struct, frozen=True, kw_only=True):
    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str

    @property
    def shown(self) -> str:
        """Description for people, without the password."""
        return f"{self.user} at {self.host}:{self.port}/{self.folder}"


def parse_address(url: str) -> MailboxAddress:
    """Parse ``imaps://user:password@host:993/folder``. Raises ``ValueError``, which does not contain the URL."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or not parts.username or parts.password is None:
        raise ValueError("write it as imaps://user:password@host:993/INBOX")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if not folder.isascii() or not folder.isprintable() or '"' in folder or "\\" in folder:
        raise ValueError("the folder has letters, digits and plain signs only")
    user, password = unquote(parts.username), unquote(parts.password)
    if not (user + password).isprintable() or "\ufffd" in user + password:
        raise ValueError("user and password are UTF-8, in percent encoding, without control characters")
    return MailboxAddress(
        scheme=parts.scheme, host=parts.hostname, port=parts.port or PORTS[parts.scheme], user=user, password=password,
        folder=folder,
    )  # fmt: skip


class FetchedMail(Struct, frozen=True, kw_only=True):
    """A mail. ``raw``: only the beginning if it is ``too_large``."""

    uid: str
    raw: bytes
    too_large: bool


class _Client(OverOwnConnection):
    """``imaplib`` over a connection that the outbound policy allows, and never more bytes at once than it asked for."""

    def __init__(self, place: MailboxAddress, outbound: OutboundPolicy) -> None:
        self._place, self._outbound = place, outbound
        super().__init__(place.host, place.port, timeout=TIMEOUT)

    @override
    def open_connection(self, timeout: float | None) -> socket.socket:
        opened_connection = guarded_connection(
            self._place.host, self._place.port, timeout or TIMEOUT, outbound=self._outbound
        )
        opened_connection.settimeout(TIMEOUT)
        if self._place.scheme != "imaps":
            return opened_connection
        return _context(self._outbound).wrap_socket(opened_connection, server_hostname=self._place.host)

    @override
    def read(self, size: int) -> bytes:
        if size > MAX_READ_BYTES:
            raise self.abort(f"the server sends {size} bytes at once")
        return super().read(size)


def _context(outbound: OutboundPolicy) -> ssl.SSLContext:
    return trusted(outbound.authorities, protocols=())


class Mailbox:
    def __init__(self, client: imaplib.IMAP4, validity: str) -> None:
        self._client, self.validity = client, validity

    def unseen(self) -> list[str]:
        """Return the UIDs of unseen mails, oldest first."""
        [uids] = _parts_of_success(self._client.uid("SEARCH", "UNSEEN"))
        return [uid.decode() for uid in (uids or b"").split() if uid.isdigit()]

    def read(self, uid: str, *, max_bytes: int) -> FetchedMail | None:
        """Return a mail without marking it as seen; None if it no longer exists."""
        sizes = b" ".join(
            _joined_bytes(part) for part in _parts_of_success(self._client.uid("FETCH", uid, "(RFC822.SIZE)"))
        )
        match = _SIZE_PATTERN.search(sizes)
        if match is None:
            return None
        too_large = int(match[1]) > max_bytes
        byte_count = HEADER_BYTES if too_large else max_bytes
        parts = _parts_of_success(self._client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{byte_count}>)"))
        raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
        return FetchedMail(uid=uid, raw=raw[:byte_count], too_large=too_large)

    def mark_seen(self, uid: str) -> None:
        _parts_of_success(self._client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))


@contextlib.contextmanager
def open_mailbox(place: MailboxAddress, *, outbound: OutboundPolicy, read_only: bool = False) -> Iterator[Mailbox]:
    """Open the mailbox. Raises ``MailboxError``, also for errors during its use."""
    try:
        if place.scheme == "imap" and not outbound.sandbox:
            raise MailboxError("imap:// sends the password in clear text: use imaps:// or imap+starttls://")
        client = _Client(place, outbound)
        try:
            if place.scheme == "imap+starttls":
                _parts_of_success(client.starttls(_context(outbound)))
            _parts_of_success(_log_in(client, place))
            _parts_of_success(client.select(f'"{place.folder}"', readonly=read_only))
            validity = _VALIDITY_PATTERN.search(_joined_bytes((client.response("UIDVALIDITY")[1] or [b""])[0]))
            yield Mailbox(client, validity[1].decode() if validity else "0")
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                client.logout()
    except (OSError, imaplib.IMAP4.error) as error:  # errors of ssl are OSErrors
        words = (str(error) or type(error).__name__).splitlines()[0].replace(place.password, "…")
        raise MailboxError(words[:300]) from error


def _log_in(client: imaplib.IMAP4, address: MailboxAddress) -> tuple[str, list[Any]]:
    if address.user.isascii() and address.password.isascii():
        return client.login(address.user, address.password)
    # LOGIN accepts only ASCII; PLAIN is UTF-8 (RFC 4616).
    status, words = client.authenticate("PLAIN", lambda _challenge: f"\0{address.user}\0{address.password}".encode())
    return status, [words]


def _parts_of_success(response: tuple[str, list[Any]]) -> list[Any]:
    status, parts = response
    if status != "OK":
        raise imaplib.IMAP4.error(b" ".join(_joined_bytes(part) for part in parts).decode(errors="replace")[:300])
    return parts


def _joined_bytes(part: Any) -> bytes:
    return b" ".join(map(_joined_bytes, part)) if isinstance(part, tuple) else part if isinstance(part, bytes) else b""
