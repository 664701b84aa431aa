"""A small IMAP server on loopback, in a thread: the part of RFC 9051 that a client needs to read and mark mails."""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import override
from urllib.parse import quote

from tests import waiting

USER, PASSWORD = "demands@market.example", "a secret: of the mailbox"


@dataclass
class Box:
    """``mails`` by UID. ``sizes`` override the reported sizes. ``commands``: the commands of clients."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    sizes: dict[int, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    port: int = 0
    refuses: str = ""
    """A command that is answered with NO."""
    breaks: dict[int, int] = field(default_factory=dict)
    """How often the connection ends when the mail with this UID is read."""
    password: str = PASSWORD

    def add(self, mail: bytes) -> int:
        uid = max(self.mails, default=100) + 1
        self.mails[uid] = mail
        return uid

    def url(self, scheme: str = "imap") -> str:
        return f"{scheme}://{quote(USER, safe='')}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/INBOX"


class _Session(socketserver.StreamRequestHandler):
    @property
    def box(self) -> Box:
        box: Box = self.server.box  # type: ignore[attr-defined]
        return box

    def say(self, line: bytes | str) -> None:
        self.wfile.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

    @override
    def handle(self) -> None:
        self.say("* OK ready")
        while line := self.rfile.readline().decode().strip():
            tag, _, command = line.partition(" ")
            self.box.commands.append(command)
            word = command.removeprefix("UID ").partition(" ")[0]
            if word == self.box.refuses:
                self.say(f"{tag} NO [UNAVAILABLE] not today")
                continue
            if not self.answer(word, command):
                self.say(f"{tag} NO wrong")
                continue
            self.say(f"{tag} OK done")
            if word == "LOGOUT":
                return

    def answer(self, word: str, command: str) -> bool:
        match word:
            case "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1")
            case "LOGIN":
                return command == f'LOGIN {USER} "{self.box.password}"'
            case "AUTHENTICATE":
                self.say("+ ")
                response = base64.b64decode(self.rfile.readline()).decode()
                return command == "AUTHENTICATE PLAIN" and response == f"\0{USER}\0{self.box.password}"
            case "SELECT" | "EXAMINE":
                self.say(f"* {len(self.box.mails)} EXISTS")
                self.say("* OK [UIDVALIDITY 7] valid")
            case "SEARCH":
                self.say("* SEARCH " + " ".join(str(uid) for uid in self.box.mails if uid not in self.box.seen))
            case "FETCH":
                self.fetch(command)
            case "STORE":
                self.box.seen.add(int(command.split()[2]))
            case "LOGOUT":
                self.say("* BYE")
            case _:
                return False
        return True

    def fetch(self, command: str) -> None:
        uid = int(command.split()[2])
        mail = self.box.mails.get(uid)
        if mail is None:
            return
        if "RFC822.SIZE" in command:
            self.say(f"* 1 FETCH (UID {uid} RFC822.SIZE {self.box.sizes.get(uid, len(mail))})")
            return
        if self.box.breaks.get(uid):
            self.box.breaks[uid] -= 1
            raise ConnectionAbortedError
        partial = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", command)
        assert partial is not None, command
        part = mail[: int(partial[1])]
        self.say(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, box: Box, context: ssl.SSLContext | None) -> None:
        self.box = box
        super().__init__(("127.0.0.1", 0), _Session)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect in the middle, which is part of a test."""


@contextmanager
def served(context: ssl.SSLContext | None = None) -> Iterator[Box]:
    box = Box()
    with _Server(box, context) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join(waiting.TIMEOUT)
