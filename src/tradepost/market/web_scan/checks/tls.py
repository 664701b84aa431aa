"""Check which versions of TLS and which ciphers the server accepts, with sslyze as a separate program (decision
0038).

It receives the address that the guard resolved, so it queries no name server. Only commands that offer handshakes are
used, none that test vulnerabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tradepost.market.web_scan.check import Check
from tradepost.market.web_scan.contract import (
    CannotTest,
    Fault,
    NotTested,
    Outcome,
    Severity,
    SiteFinding,
    UntestedReason,
)
from tradepost.market.web_scan.site import Site
from tradepost.market.web_scan.sslyze import scan
from tradepost.market.web_scan.topics import TLS_TOPIC
from tradepost.protocols.text import Text

MAX_NAMED = 12
_REPAIR = Text(
    en="Accept TLS 1.2 and 1.3 only, with ciphers of Mozilla's “intermediate” configuration.",
    zh="仅启用 TLS 1.2 与 TLS 1.3，密码套件可参照 Mozilla “intermediate” 配置。",
)
SSL = Fault(
    code="tls.ssl",
    severity=Severity.HIGH,
    topic=TLS_TOPIC,
    title=Text(en="SSL 2.0 or 3.0 is accepted", zh="服务器仍支持 SSL 2.0 或 SSL 3.0"),
    why=Text(
        en="Both are broken: what is sent can be read (POODLE, DROWN).",
        zh="两者均已被攻破（POODLE、DROWN），传输内容可被解密。",
    ),
    repair=_REPAIR,
)
OLD_VERSION = Fault(
    code="tls.old",
    severity=Severity.MEDIUM,
    topic=TLS_TOPIC,
    title=Text(en="TLS 1.0 or 1.1 is accepted", zh="服务器仍支持 TLS 1.0 或 TLS 1.1"),
    why=Text(
        en="Both were withdrawn (RFC 8996); no browser of today needs them.",
        zh="两者已被废止（RFC 8996），主流浏览器均不再需要。",
    ),
    repair=_REPAIR,
)
NO_MODERN = Fault(
    code="tls.no_modern",
    severity=Severity.HIGH,
    topic=TLS_TOPIC,
    title=Text(en="Neither TLS 1.2 nor 1.3 is accepted", zh="服务器不支持 TLS 1.2 及以上版本"),
    why=Text(en="Browsers of today do not open the site.", zh="主流浏览器无法打开该网站。"),
    repair=_REPAIR,
)
NO_CIPHER = Fault(
    code="tls.no_cipher",
    severity=Severity.HIGH,
    topic=TLS_TOPIC,
    title=Text(en="Ciphers are accepted that do not protect", zh="服务器接受无保护能力的密码套件"),
    why=Text(
        en="NULL ciphers do not encrypt, anonymous ones let anybody pose as the site, EXPORT ones are broken in minutes.",
        zh="NULL 套件不加密，匿名套件无法验证网站身份，EXPORT 套件数分钟内即可被破解。",
    ),
    repair=_REPAIR,
)
WEAK_CIPHER = Fault(
    code="tls.weak_cipher",
    severity=Severity.MEDIUM,
    topic=TLS_TOPIC,
    title=Text(en="Weak ciphers (RC4, DES, 3DES) are accepted", zh="服务器接受弱密码套件（RC4、DES、3DES）"),
    why=Text(en="With enough recorded traffic they can be broken.", zh="攻击者积累足够流量后可将其破解。"),
    repair=_REPAIR,
)
VERSIONS = {
    "ssl_2_0_cipher_suites": "SSL 2.0", "ssl_3_0_cipher_suites": "SSL 3.0", "tls_1_0_cipher_suites": "TLS 1.0",
    "tls_1_1_cipher_suites": "TLS 1.1", "tls_1_2_cipher_suites": "TLS 1.2", "tls_1_3_cipher_suites": "TLS 1.3",
}  # fmt: skip
"""The keys of sslyze's results."""


def run(site: Site) -> Iterator[Outcome]:
    port = site.secure_port()
    if not site.sslyze:
        raise CannotTest(UntestedReason.NO_SCANNER)
    accepted_suites, unknown_versions = _accepted_ciphers(scan(site, site.address(port), port))
    where = f"{site.host}:{port}"
    if unknown_versions:
        yield NotTested(why=UntestedReason.SCANNER, detail=", ".join(unknown_versions))
    yield from _versions(accepted_suites, where, whole=not unknown_versions)
    yield from _ciphers(accepted_suites, where)


def _accepted_ciphers(result: Mapping[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the accepted ciphers by version, and the versions without a result."""
    accepted_suites: dict[str, list[str]] = {}
    unknown_versions: list[str] = []
    for name, version in VERSIONS.items():
        version_result = result.get(name) or {}
        if version_result.get("status") != "COMPLETED" or not isinstance(version_result.get("result"), dict):
            unknown_versions.append(version)
            continue
        suites = [suite["cipher_suite"] for suite in version_result["result"].get("accepted_cipher_suites", ())]
        accepted_suites[version] = sorted(
            f"{suite['name']}{' (anonymous)' if suite.get('is_anonymous') else ''}" for suite in suites
        )
    return accepted_suites, unknown_versions


def _versions(accepted_suites: Mapping[str, list[str]], where: str, *, whole: bool) -> Iterator[Outcome]:
    accepted_versions = [version for version, suites in accepted_suites.items() if suites]
    for fault, versions in ((SSL, ("SSL 2.0", "SSL 3.0")), (OLD_VERSION, ("TLS 1.0", "TLS 1.1"))):
        if matching := [version for version in accepted_versions if version in versions]:
            yield SiteFinding(code=fault.code, where=where, evidence=tuple(matching))
    if whole and accepted_versions and not {"TLS 1.2", "TLS 1.3"} & set(accepted_versions):
        yield SiteFinding(code=NO_MODERN.code, where=where, evidence=tuple(accepted_versions))


def _ciphers(accepted_suites: Mapping[str, list[str]], where: str) -> Iterator[Outcome]:
    names = sorted({name for suites in accepted_suites.values() for name in suites})
    unprotected_names = [name for name in names if "(anonymous)" in name or "_NULL_" in name or "EXPORT" in name]
    weak_names = [
        name
        for name in names
        if name not in unprotected_names and ("_RC4_" in name or "_DES_" in name or "3DES" in name)
    ]
    for fault, matching in ((NO_CIPHER, unprotected_names), (WEAK_CIPHER, weak_names)):
        if matching:
            yield SiteFinding(code=fault.code, where=where, evidence=tuple(matching[:MAX_NAMED]))


CHECK = Check(
    code="tls",
    order=30,
    title=Text(en="TLS versions and ciphers", zh="TLS 版本与密码套件"),
    faults=(SSL, OLD_VERSION, NO_MODERN, NO_CIPHER, WEAK_CIPHER),
    run=run,
)
