"""Doctor checks of private networks that the market may call, and of trusted certificate authorities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509

from tradepost.cli.findings import Finding, fail, ok, warn
from tradepost.market.base import clock
from tradepost.market.base.authorities import split
from tradepost.market.base.config import Config

EXPIRY_WARNING = timedelta(days=30)
REPAIR = "Put the authority's new certificate into the file and start the market again."


def check_networks(config: Config) -> Iterator[Finding]:
    """Check the permitted networks besides public addresses, and the file with certificate authorities."""
    networks = ", ".join(map(str, config.networks))
    yield ok("networks", f"Also calls {networks}." if networks else "Calls public addresses only.")
    if config.ca_file is None:
        yield ok("CA file", "None: trusts the authorities of this machine.")
        return
    certificates = [x509.load_pem_x509_certificate(pem.encode()) for pem in split(config.outbound.authorities)]
    problems = [*_problems(certificates, clock.wall())]
    message = f"{config.ca_file}: {len(certificates)} {'certificate' if len(certificates) == 1 else 'certificates'}"
    first_expiry = min(certificate.not_valid_after_utc for certificate in certificates)
    if not problems:
        yield ok("CA file", f"{message}; the first expires on {first_expiry:%Y-%m-%d}.")
    elif all(certificate.not_valid_after_utc <= clock.wall() for certificate in certificates):
        yield fail("CA file", f"{message}; {'; '.join(problems)}.", REPAIR)
    else:
        yield warn("CA file", f"{message}; {'; '.join(problems)}.", REPAIR)


def _problems(certificates: list[x509.Certificate], now: datetime) -> Iterator[str]:
    for certificate in certificates:
        name, ends = certificate.subject.rfc4514_string() or "without a name", certificate.not_valid_after_utc
        if ends <= now:
            yield f"{name} expired on {ends:%Y-%m-%d}"
        elif ends <= now + EXPIRY_WARNING:
            yield f"{name} expires on {ends:%Y-%m-%d}"
        elif certificate.not_valid_before_utc > now:
            yield f"{name} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} on"
        if not _is_authority(certificate):
            yield f"{name} is not an authority, only that one server is trusted"


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return certificate.version is x509.Version.v1  # the old format has no other mark
    except ValueError:
        return False
