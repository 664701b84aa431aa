"""Is the certificate one that browsers accept: in time, for this name, of an authority that this machine trusts?

Asked with Python's own TLS, over a connection that the guard opened. Only what browsers refuse without a doubt is high: a chain
whose issuer was not sent, but can be fetched from where the certificate says, stays below.
"""

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
from tradepost.market.web_scan.contract import CannotTest, Fault, Found, NotTested, Outcome, Severity, Why, clean
from tradepost.market.web_scan.site import WITHIN, Site
from tradepost.market.web_scan.topics import TLS
from tradepost.protocols.text import Text

SOON = timedelta(days=14)
_REPAIR = Text(
    en="Install a certificate for this name from an authority that browsers trust, with its whole chain.",
    zh="安装由受信任证书颁发机构签发、与域名一致的证书，并配置完整证书链。",
)


def _refused(code: str, title: Text) -> Fault:
    why = Text(en="Browsers warn buyers away from the site.", zh="浏览器会向用户显示安全警告并拦截访问。")
    return Fault(
        code=f"certificate.{code}", severity=Severity.HIGH, topic=TLS, title=title, why=why, repair=_REPAIR
    )  # fmt: skip


EXPIRED = _refused("expired", Text(en="The certificate has expired", zh="证书已过期"))
NOT_YET = _refused("not_yet", Text(en="The certificate is not valid yet", zh="证书尚未生效"))
NAME = _refused("name", Text(en="The certificate is for another name", zh="证书与域名不符"))
SELF_SIGNED = _refused(
    "self_signed",
    Text(en="The certificate is signed by nobody that browsers trust", zh="证书为自签名，或其根证书不受信任"),
)
CHAIN = Fault(
    code="certificate.chain",
    severity=Severity.MEDIUM,
    topic=TLS,
    title=Text(en="The certificate's issuer was not sent and is not known", zh="证书链不完整，或签发者未知"),
    why=Text(
        en="Some browsers find the missing certificate by themselves; programs and phones often do not.",
        zh="部分浏览器可自动补全证书链，但多数程序和移动设备无法访问。",
    ),
    repair=_REPAIR,
)
SOON_OVER = Fault(
    code="certificate.soon",
    severity=Severity.MEDIUM,
    topic=TLS,
    title=Text(en="The certificate expires within two weeks", zh="证书将在两周内过期"),
    why=Text(en="After that browsers warn buyers away.", zh="过期后浏览器会拦截访问。"),
    repair=Text(en="Renew it, best by a program that does it each time.", zh="尽快续期，建议启用自动续期。"),
)
WEAK = Fault(
    code="certificate.weak",
    severity=Severity.MEDIUM,
    topic=TLS,
    title=Text(en="The certificate's key or signature is weak", zh="证书的密钥或签名算法强度不足"),
    why=Text(en="It can be forged with the means of today.", zh="以当前算力存在被伪造的风险。"),
    repair=Text(
        en="Take a certificate with RSA of 2048 bits or more, or ECDSA, signed with SHA-256.",
        zh="改用 2048 位及以上 RSA 或 ECDSA 密钥，并使用 SHA-256 签名。",
    ),
)
_BY_VERIFICATION: Mapping[int, Fault] = {
    9: NOT_YET, 10: EXPIRED, 18: SELF_SIGNED, 19: SELF_SIGNED, 62: NAME, 64: NAME, 66: WEAK, 67: WEAK, 68: WEAK,
}  # fmt: skip
"""X509_V_ERR_… of OpenSSL, as ``verify(1)`` lists them → what it means here."""
_UNKNOWN_ROOT, _NO_ISSUER = frozenset({18, 19}), frozenset({20, 21})


def run(site: Site) -> Iterator[Outcome]:
    """What follows is asked over the connection as it is, so that one report says all; nothing secret goes over it."""
    port = site.secure_port()
    where = f"{site.host}:{port}"
    code = _verification(site, port, site.trust)
    if code is None:
        yield from _soon(_certificate(site, port, site.trust), where)
        return
    site.trust = _unverified()
    seen = _certificate(site, port, site.trust)
    faults = list(_faults(site, port, code, seen))
    for fault in faults:
        yield Found(code=fault.code, where=where, evidence=_evidence(seen))
    if not faults:
        yield NotTested(why=Why.UNSURE, detail=f"X509_V_ERR {code}")


def _faults(site: Site, port: int, code: int, seen: x509.Certificate) -> Iterator[Fault]:
    """OpenSSL tells the first thing alone that is wrong; of a chain that it does not know, name and days are asked apart."""
    if code in _NO_ISSUER:
        yield CHAIN if _names_its_issuer(seen) else SELF_SIGNED
    elif code in _BY_VERIFICATION:
        yield _BY_VERIFICATION[code]
    if code in _NO_ISSUER | _UNKNOWN_ROOT:
        other = _verification(site, port, _believing(seen))
        if other is not None and other in _BY_VERIFICATION and other not in _UNKNOWN_ROOT:
            yield _BY_VERIFICATION[other]


def _verification(site: Site, port: int, trust: ssl.SSLContext) -> int | None:
    """Why the connection is not trusted, as OpenSSL numbers it; None when it is."""
    try:
        with _connection(site, port, trust):
            return None
    except ssl.SSLCertVerificationError as error:
        return error.verify_code


def _believing(seen: x509.Certificate) -> ssl.SSLContext:
    """Trusts this certificate for itself: what is then still wrong is its name or its days."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=seen.public_bytes(Encoding.PEM).decode())
    return context


def _names_its_issuer(seen: x509.Certificate) -> bool:
    """Whether it says where its issuer's certificate is, as those of every public authority do: browsers then find it."""
    try:
        access = seen.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return any(one.access_method == AuthorityInformationAccessOID.CA_ISSUERS for one in access)


def _unverified() -> ssl.SSLContext:
    """To look at a certificate that was not accepted, and at the site behind it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _certificate(site: Site, port: int, context: ssl.SSLContext) -> x509.Certificate:
    with _connection(site, port, context) as secure:
        plain = secure.getpeercert(binary_form=True)
    if not plain:
        raise CannotTest(Why.TLS)
    try:
        return x509.load_der_x509_certificate(plain)
    except ValueError as error:
        raise CannotTest(Why.TLS, clean(str(error))) from None


def _connection(site: Site, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Raises ``SSLCertVerificationError`` for one that is not trusted, and ``CannotTest``."""
    plain = site.connection(port)
    try:
        plain.settimeout(WITHIN)
        return context.wrap_socket(plain, server_hostname=literal_ip(site.host) or site.host)
    except ssl.SSLCertVerificationError:
        plain.close()
        raise
    except TimeoutError:
        plain.close()
        raise CannotTest(Why.TIMEOUT) from None
    except (OSError, ValueError) as error:
        plain.close()
        raise CannotTest(Why.TLS, clean(str(error))) from None


def _soon(seen: x509.Certificate, where: str) -> Iterator[Outcome]:
    """By real time, as browsers look at it, whatever a sandbox's clock says."""
    if seen.not_valid_after_utc < clock.wall() + SOON:
        yield Found(code=SOON_OVER.code, where=where, evidence=_evidence(seen))


def _evidence(seen: x509.Certificate) -> tuple[str, ...]:
    return (
        f"SHA-256 {hashlib.sha256(seen.tbs_certificate_bytes).hexdigest()}",
        clean(f"subject {_name(seen.subject)}"),
        clean(f"issuer {_name(seen.issuer)}"),
        clean(f"names {', '.join(_names(seen)) or '–'}"),
        f"valid {_day(seen.not_valid_before_utc)} – {_day(seen.not_valid_after_utc)}",
    )


def _name(name: x509.Name) -> str:
    return name.rfc4514_string() or "–"


def _names(seen: x509.Certificate) -> list[str]:
    try:
        said = seen.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name.value) for name in said][:20]


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


CHECK = Check(
    code="certificate",
    order=10,
    title=Text(en="Certificate", zh="证书"),
    faults=(EXPIRED, NOT_YET, NAME, SELF_SIGNED, CHAIN, WEAK, SOON_OVER),
    run=run,
)
