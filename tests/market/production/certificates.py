"""Certificates for tests: an authority, and server certificates that it signed or did not sign."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM
_SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
)  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority with its own key; ``above`` signed its certificate, unless it is a root."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str, above: Authority | None = None) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        built = (
            _begun(name, above.name if above else name, key.public_key(), since=-30 * DAY, until=30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_SIGNS_CERTIFICATES, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_signed_by((above.key if above else key).public_key()), critical=False)
            .sign(above.key if above else key, hashes.SHA256())
        )
        return cls(name, key, built)

    def write_chain(
        self,
        folder: Path,
        host: str,
        *,
        since: timedelta = -DAY,
        until: timedelta = DAY,
        chain: tuple[Authority, ...] = (),
    ) -> ssl.SSLContext:
        """Write the certificate chain of a server of this host: its certificate, and those of ``chain``."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _begun(host, self.name, key.public_key(), since=since, until=until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(_signed_by(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        plain = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = folder / f"{x509.random_serial_number()}.pem"
        path.write_bytes(
            b"".join([plain, certificate.public_bytes(PEM), *(link.certificate.public_bytes(PEM) for link in chain)])
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(PEM).decode()


def _signed_by(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _begun(
    name: str, issuer: str, key: ec.EllipticCurvePublicKey, *, since: timedelta, until: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=_named(issuer),
        subject_name=_named(name),
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now + since,
        not_valid_after=now + until,
    )
