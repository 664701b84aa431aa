"""A real SMTP server on loopback that stores the received mails and refuses recipients on request."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from django.core.mail.backends.smtp import EmailBackend


class Server:
    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        """Recipient → the reply that the server sends instead of 250."""
        self.connections = 0
        self.port = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.received]

    def mailer(self) -> EmailBackend:
        return EmailBackend(host="127.0.0.1", port=self.port, timeout=5, alias="test")

    def protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(self, hostname="mail.test", enable_SMTPUTF8=True)


@contextmanager
def running() -> Iterator[Server]:
    """Run the server in its own thread, on a port that the system chooses."""
    server, loop, ready = Server(), asyncio.new_event_loop(), threading.Event()

    async def listen() -> asyncio.Server:
        return await loop.create_server(server.protocol, "127.0.0.1", 0)

    def run() -> None:
        asyncio.set_event_loop(loop)
        listening = loop.run_until_complete(listen())
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()
        loop.run_forever()
        listening.close()
        loop.run_until_complete(listening.wait_closed())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
