"""Check whether browsers accept the certificate: valid now, for this name, from an authority that this machine
trusts.

Uses Python's TLS over a connection that the guard opened. Only certificates that all browsers refuse are high
findings; a missing issuer that can be fetched from the certificate's own reference is lower."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from tradepost.market.base import clock
from tradepost.market.base.literal import literal_ip
from tradepost.market.web_scan.check import Check
from tradepost.market.web_scan.contract import (
    CannotTest,
    Fault,
    NotTested,
    Outcome,
    Severity,
    SiteFinding,
    UntestedReason,
    clean_text,
)
from tradepost.market.web_scan.site import TIMEOUT, Site
from tradepost.market.web_scan.topics import TLS_TOPIC
from tradepost.protocols.text import Text

EXPIRY_WARNING = timedelta(days=14)
_REPAIR = Text(
    en="Install a certificate for this name from an authority that browsers trust, with its whole chain.",
    zh="安装由受信任证书颁发机构签发、与域名一致的证书，并配置完整证书链。",
)


def _browser_refusal_fault(code: str, title: Text) -> Fault:
    explanation = Text(en="Browsers warn buyers away from the site.", zh="浏览器会向用户显示安全警告并拦截访问。")
    return Fault(
        code=f"certificate.{code}", severity=Severity.HIGH, topic=TLS_TOPIC, title=title, why=explanation, repair=_REPAIR
    )  # fmt: skip


EXPIRED = _browser_refusal_fault("expired", Text(en="The certificate has expired", zh="证书已过期"))
NOT_YET = _browser_refusal_fault("not_yet", Text(en="The certificate is not valid yet", zh="证书尚未生效"))
WRONG_NAME = _browser_refusal_fault("name", Text(en="The certificate is for another name", zh="证书与域名不符"))
SELF_SIGNED = _browser_refusal_fault(
    "self_signed",
    Text(en="The certificate is signed by nobody that browsers trust", zh="证书为自签名，或其根证书不受信任"),
)
INCOMPLETE_CHAIN = Fault(
    code="certificate.chain",
    severity=Severity.MEDIUM,
    topic=TLS_TOPIC,
    title=Text(en="The certificate's issuer was not sent and is not known", zh="证书链不完整，或签发者未知"),
    why=Text(
        en="Some browsers find the missing certificate by themselves; programs and phones often do not.",
        zh="部分浏览器可自动补全证书链，但多数程序和移动设备无法访问。",
    ),
    repair=_REPAIR,
)
EXPIRES_SOON = Fault(
    code="certificate.soon",
    severity=Severity.MEDIUM,
    topic=TLS_TOPIC,
    title=Text(en="The certificate expires within two weeks", zh="证书将在两周内过期"),
    why=Text(en="After that browsers warn buyers away.", zh="过期后浏览器会拦截访问。"),
    repair=Text(en="Renew it, best by a program that does it each time.", zh="尽快续期，建议启用自动续期。"),
)
WEAK = Fault(
    code="certificate.weak",
    severity=Severity.MEDIUM,
    topic=TLS_TOPIC,
    title=Text(en="The certificate's key or signature is weak", zh="证书的密钥或签名算法强度不足"),
    why=Text(en="It can be forged with the means of today.", zh="以当前算力存在被伪造的风险。"),
    repair=Text(
        en="Take a certificate with RSA of 2048 bits or more, or ECDSA, signed with SHA-256.",
        zh="改用 2048 位及以上 RSA 或 ECDSA 密钥，并使用 SHA-256 签名。",
    ),
)
_BY_VERIFICATION: Mapping[int, Fault] = {
    9: NOT_YET, 10: EXPIRED, 18: SELF_SIGNED, 19: SELF_SIGNED, 62: WRONG_NAME, 64: WRONG_NAME, 66: WEAK, 67: WEAK, 68: WEAK,
}  # fmt: skip
"""X509_V_ERR_… of OpenSSL (``verify(1)``) → fault."""
_UNKNOWN_ROOT, _NO_ISSUER = frozenset({18, 19}), frozenset({20, 21})


def run(site: Site) -> Iterator[Outcome]:
    """Later checks use the connection even if it is not trusted, so that one report shows everything; nothing secret
    is sent."""
    port = site.secure_port()
    where = f"{site.host}:{port}"
    code = _verification(site, port, site.trust)
    if code is None:
        yield from _check_expiry(_certificate(site, port, site.trust), where)
        return
    site.trust = _context_without_verification()
    certificate = _certificate(site, port, site.trust)
    faults = list(_faults(site, port, code, certificate))
    for fault in faults:
        yield SiteFinding(code=fault.code, where=where, evidence=_evidence(certificate))
    if not faults:
        yield NotTested(why=UntestedReason.UNSURE, detail=f"X509_V_ERR {code}")


def _faults(site: Site, port: int, code: int, certificate: x509.Certificate) -> Iterator[Fault]:
    """OpenSSL reports only the first error. For an unknown chain, name and dates are checked separately."""
    if code in _NO_ISSUER:
        yield INCOMPLETE_CHAIN if _names_its_issuer(certificate) else SELF_SIGNED
    elif code in _BY_VERIFICATION:
        yield _BY_VERIFICATION[code]
    if code in _NO_ISSUER | _UNKNOWN_ROOT:
        second_code = _verification(site, port, _context_trusting(certificate))
        if second_code is not None and second_code in _BY_VERIFICATION and second_code not in _UNKNOWN_ROOT:
            yield _BY_VERIFICATION[second_code]


def _verification(site: Site, port: int, trust: ssl.SSLContext) -> int | None:
    """Return OpenSSL's number for why the connection is not trusted; None if it is."""
    try:
        with _connection(site, port, trust):
            return None
    except ssl.SSLCertVerificationError as error:
        return error.verify_code


def _context_trusting(certificate: x509.Certificate) -> ssl.SSLContext:
    """Return a context that trusts this certificate itself, so that only its name or dates can fail."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate.public_bytes(Encoding.PEM).decode())
    return context


def _names_its_issuer(certificate: x509.Certificate) -> bool:
    """Return whether the certificate refers to its issuer's, as those of every public authority do, so that browsers
    can fetch it."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return any(description.access_method == AuthorityInformationAccessOID.CA_ISSUERS for description in access)


def _context_without_verification() -> ssl.SSLContext:
    """Return a context for reading a certificate that was not accepted, and the site behind it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _certificate(site: Site, port: int, context: ssl.SSLContext) -> x509.Certificate:
    with _connection(site, port, context) as secure:
        encoded_certificate = secure.getpeercert(binary_form=True)
    if not encoded_certificate:
        raise CannotTest(UntestedReason.TLS)
    try:
        return x509.load_der_x509_certificate(encoded_certificate)
    except ValueError as error:
        raise CannotTest(UntestedReason.TLS, clean_text(str(error))) from None


def _connection(site: Site, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Connect with TLS. Raises ``SSLCertVerificationError`` for an untrusted certificate, and ``CannotTest``."""
    connection = site.connection(port)
    try:
        connection.settimeout(TIMEOUT)
        return context.wrap_socket(connection, server_hostname=literal_ip(site.host) or site.host)
    except ssl.SSLCertVerificationError:
        connection.close()
        raise
    except TimeoutError:
        connection.close()
        raise CannotTest(UntestedReason.TIMEOUT) from None
    except (OSError, ValueError) as error:
        connection.close()
        raise CannotTest(UntestedReason.TLS, clean_text(str(error))) from None


def _check_expiry(certificate: x509.Certificate, where: str) -> Iterator[Outcome]:
    """Compare with real time, like browsers, regardless of a sandbox's clock."""
    if certificate.not_valid_after_utc < clock.wall() + EXPIRY_WARNING:
        yield SiteFinding(code=EXPIRES_SOON.code, where=where, evidence=_evidence(certificate))


def _evidence(certificate: x509.Certificate) -> tuple[str, ...]:
    return (
        f"SHA-256 {hashlib.sha256(certificate.tbs_certificate_bytes).hexdigest()}",
        clean_text(f"subject {_name(certificate.subject)}"),
        clean_text(f"issuer {_name(certificate.issuer)}"),
        clean_text(f"names {', '.join(_names(certificate)) or '–'}"),
        f"valid {_day(certificate.not_valid_before_utc)} – {_day(certificate.not_valid_after_utc)}",
    )


def _name(name: x509.Name) -> str:
    return name.rfc4514_string() or "–"


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name.value) for name in alternatives][:20]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


CHECK = Check(
    code="certificate",
    order=10,
    title=Text(en="Certificate", zh="证书"),
    faults=(EXPIRED, NOT_YET, WRONG_NAME, SELF_SIGNED, INCOMPLETE_CHAIN, WEAK, EXPIRES_SOON),
    run=run,
)
