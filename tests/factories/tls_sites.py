"""HTTPS web sites on this machine, with certificates of a test authority, valid or with one fault each."""

from __future__ import annotations

import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tradepost.market.base.authorities import trusted

SAFE = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
"""Headers of a safe site."""
_SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
)  # fmt: skip
HOME = "<!doctype html><title>云账</title><h1>Welcome</h1>"


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` may repeat a name. ``slow``: seconds between two bytes. ``endless``: never stops."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: str = HOME
    slow: float = 0
    endless: bool = False


type Pages = Callable[[str], Answer]
"""Path with query → answer."""


def safe(body: str = HOME, *, without: Sequence[str] = (), **more: str) -> Answer:
    """Return a safe page. ``more``: headers, with _ for - in their names."""
    headers = {**{name: said for name, said in SAFE.items() if name not in without}}
    headers |= {name.replace("_", "-"): said for name, said in more.items()}
    return Answer(headers=tuple(headers.items()), body=body)


def redirect(location: str, status: int = 302) -> Answer:
    return Answer(status=status, headers=(("Location", location),), body="")


@dataclass
class Authority:
    """A certificate authority. ``trust`` makes only it trusted."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    folder: Path
    made: int = field(default=0)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def trust(self) -> ssl.SSLContext:
        return trusted(self.pem, lenient=True)

    def issue(
        self, *names: str, since: timedelta = timedelta(days=1), until: timedelta = timedelta(days=365),
        self_signed: bool = False, issuer_at: str = "",
    ) -> Path:  # fmt: skip
        """Write key and certificate for these names, valid since and until these times from now. ``issuer_at``: the URL
        of the issuer's certificate."""
        key = _key(1)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        by = (subject, key) if self_signed else (self.certificate.subject, self.key)
        built = _built(subject, key, by, names, since, until, issuer_at=issuer_at)
        self.made += 1
        path = self.folder / f"{self.made}.pem"
        path.write_bytes(_pem(key) + built.public_bytes(serialization.Encoding.PEM))
        return path


@cache
def _key(_number: int) -> rsa.RSAPrivateKey:
    """Return a key. Keys are cached, because creating one takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def real_now() -> datetime:
    """Return the time for a certificate: its validity is checked against real time."""
    return datetime.now(UTC)


def _built(  # noqa: PLR0917  # a certificate has so many parts
    subject: x509.Name, key: rsa.RSAPrivateKey, by: tuple[x509.Name, rsa.RSAPrivateKey], names: Sequence[str],
    since: timedelta, until: timedelta, *, authority: bool = False, issuer_at: str = "",
) -> x509.Certificate:  # fmt: skip
    (issuer, signing), now = by, real_now()
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - since).not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )  # fmt: skip
    if authority:
        builder = builder.add_extension(_SIGNS_CERTIFICATES, critical=True)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
    if issuer_at:
        where = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_at)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
    return builder.sign(signing, hashes.SHA256())


@cache
def authority() -> Authority:
    """Return the authority of all tests of this process."""
    key, name = _key(0), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of tests")])
    year = timedelta(days=365)
    made = _built(name, key, (name, key), (), year, 10 * year, authority=True)
    return Authority(key, made, Path(tempfile.mkdtemp(prefix="tradepost-tls-")))


def context_for(
    pem: Path, *, oldest: ssl.TLSVersion | None = None, newest: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    """Return how a server speaks TLS. ``oldest`` accepts insecure versions and ciphers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if oldest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = oldest
    if newest is not None:
        context.maximum_version = newest
    return context


@dataclass(frozen=True, slots=True)
class Running:
    """``asked``: the requested paths, in order."""

    url: str
    port: int
    asked: list[str]


@contextmanager
def serving(
    pages: Pages | Mapping[str, Answer] | Answer, *, tls: ssl.SSLContext | None = None, host: str = "localhost"
) -> Iterator[Running]:
    """Run a web site, over HTTPS with ``tls``. A single answer applies to every path."""
    asked: list[str] = []

    def find(path: str) -> Answer:
        if isinstance(pages, Answer):
            return pages
        if callable(pages):
            return pages(path)
        return pages.get(path.partition("?")[0], Answer(404, body="no"))

    class Page(BaseHTTPRequestHandler):
        timeout = 5
        server_version, sys_version = "site", ""

        def setup(self) -> None:
            if tls is not None:
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def do_GET(self) -> None:
            asked.append(self.path)
            answer = find(self.path)
            self.send_response(answer.status)
            for name, said in answer.headers:
                self.send_header(name, said)
            self.end_headers()
            for byte in answer.body.encode() if answer.slow else ():
                self.wfile.write(bytes([byte]))
                time.sleep(answer.slow)
            if not answer.slow:
                self.wfile.write(answer.body.encode())
            while answer.endless:
                self.wfile.write(b"x" * 65_536)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Ignore clients that disconnect: tests do so on purpose."""

    server = Server(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    scheme = "https" if tls else "http"
    try:
        yield Running(f"{scheme}://{host}:{server.server_port}/", server.server_port, asked)
    finally:
        server.shutdown()
        with suppress(RuntimeError):
            thread.join(5)
        server.server_close()


@contextmanager
def https(pages: Pages | Mapping[str, Answer] | Answer, *names: str, **issued: Any) -> Iterator[Running]:
    """Run a site over HTTPS with a valid certificate, unless ``issued`` differs."""
    pem = authority().issue(*(names or ("localhost",)), **issued)
    with serving(pages, tls=context_for(pem)) as site:
        yield site
