"""A market's open API for tests: a real socket, real verification of signatures, configured answers."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import waiting
from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api.signing import verify

SK = "secret"
HANG_UP = Response(0)


@dataclass
class Market:
    """Give its answers in order, and then repeat the last one, to requests with a valid signature.

    ``HANG_UP`` closes the connection after the request was read, as a dying market does.
    """

    url: str = ""
    answers: list[Response | Callable[[Request], Response]] = field(default_factory=list)
    """An answer may be a function of the request."""
    asked: list[Request] = field(default_factory=list)


@dataclass
class Proxy:
    """Record its requests. ``leads_to``: the target port. ``refuses``: it requires other credentials."""

    url: str = ""
    leads_to: int = 0
    refuses: bool = False
    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)


@contextmanager
def open_market(
    clock: Callable[[], datetime], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Market]:
    told = Market()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, told.url + self.path, tuple(self.headers.items()), body)
            if "Authorization" in self.headers:
                verify(request, sk=SK, now=clock())
            told.asked.append(request)
            answer = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            if callable(answer):
                answer = answer(request)
            if answer is HANG_UP:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815  # the name that the standard library looks for

        def log_message(self, *arguments: object) -> None:
            """Suppress the log."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    shown = f"[{host}]" if ":" in host else host
    told.url = f"{'https' if tls else 'http'}://{shown}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join(waiting.TIMEOUT)
        server.server_close()


@contextmanager
def open_proxy() -> Iterator[Proxy]:
    """Start a proxy that forwards every CONNECT to the same port of this machine, whatever the host is."""
    told = Proxy()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            asked = self.rfile.readline().decode().split()
            while line := self.rfile.readline().strip():
                if line.lower().startswith(b"proxy-authorization:"):
                    told.credentials.append(line.split(b":", 1)[1].strip().decode())
            told.asked.append(asked[1])
            if told.refuses:
                self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", told.leads_to), timeout=60) as market:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(market, self.connection))
                back.start()
                _pass_on(self.connection, market)
                back.join(waiting.TIMEOUT)

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join(waiting.TIMEOUT)
        server.server_close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def self_signed(folder: Path, *names: str) -> Path:
    """Create a certificate and key for 127.0.0.1 and the names, without a trusted authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a market")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), *map(x509.DNSName, names)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "market.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*plain))
    return path
