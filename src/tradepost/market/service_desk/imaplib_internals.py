"""An IMAP client over a connection that somebody else opens.

Why: ``imaplib`` opens its connection itself, to any address. The market opens it by its outbound policy. The method that opens it is
not documented.

Written against Python 3.12.
"""

from __future__ import annotations

import imaplib
import socket


class OverOwnConnection(imaplib.IMAP4):
    """``open_connection`` is called once, by the constructor."""

    def open_connection(self, timeout: float | None) -> socket.socket:
        """Override it: return a connection to the server, with TLS where the server expects it."""
        raise NotImplementedError

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self.open_connection(timeout)
