"""Check the security headers of the front page. None is a high finding: a site may be secure without any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from tradepost.market.base.outbound import FetchedResponse
from tradepost.market.web_scan.check import Check
from tradepost.market.web_scan.contract import Fault, Outcome, Severity, SiteFinding, clean_text
from tradepost.market.web_scan.site import Site
from tradepost.protocols.text import Text

MIN_HSTS_SECONDS = 15_552_000
"""Minimum duration of HSTS in seconds."""
HEADERS = Text(en="Security headers", zh="安全响应头")
_VERSION_NUMBER = re.compile(r"\d")
_FETCH = re.compile(r"(?i)\b(no-referrer|same-origin|origin|strict-origin|no-referrer-when-downgrade|unsafe-url)\b")


def _missing_header_fault(code: str, severity: Severity, name: str, explanation: Text, repair: Text) -> Fault:
    title = Text(en=f"{name} is missing", zh=f"缺少 {name}")
    return Fault(
        code=f"headers.{code}", severity=severity, topic=HEADERS, title=title, why=explanation, repair=repair
    )  # fmt: skip


CSP = _missing_header_fault(
    "csp", Severity.MEDIUM, "Content-Security-Policy",
    Text(en="A script that somebody smuggles into a page runs without a limit.", zh="页面一旦被注入脚本，将不受任何限制地执行。"),
    Text(en="Send a policy, for example: default-src 'self'.", zh="返回内容安全策略，例如：default-src 'self'。"),
)  # fmt: skip
CSP_INLINE = Fault(
    code="headers.csp_inline", severity=Severity.LOW, topic=HEADERS,
    title=Text(en="The content security policy allows scripts in the page", zh="内容安全策略允许内联脚本"),
    why=Text(en="Injected scripts run in spite of the policy.", zh="注入的内联脚本仍可执行。"),
    repair=Text(en="Replace 'unsafe-inline' by nonces or hashes.", zh="以 nonce 或哈希替代 'unsafe-inline'。"),
)  # fmt: skip
HSTS = _missing_header_fault(
    "hsts", Severity.MEDIUM, "Strict-Transport-Security",
    Text(en="A first visit over http can be turned aside.", zh="用户首次以 HTTP 访问时可能被劫持。"),
    Text(en="Send: Strict-Transport-Security: max-age=31536000.", zh="返回：Strict-Transport-Security: max-age=31536000。"),
)  # fmt: skip
HSTS_SHORT = Fault(
    code="headers.hsts_short", severity=Severity.LOW, topic=HEADERS,
    title=Text(en="Strict-Transport-Security holds for less than half a year", zh="Strict-Transport-Security 有效期不足半年"),
    why=Text(en="Between two visits the promise runs out.", zh="两次访问之间保护可能已失效。"),
    repair=Text(en="Set max-age to 31536000.", zh="将 max-age 设为 31536000。"),
)  # fmt: skip
SNIFF = _missing_header_fault(
    "nosniff", Severity.LOW, "X-Content-Type-Options",
    Text(en="Browsers may take a file for a script.", zh="浏览器可能将普通文件误判为脚本执行。"),
    Text(en="Send: X-Content-Type-Options: nosniff.", zh="返回：X-Content-Type-Options: nosniff。"),
)  # fmt: skip
FRAME = _missing_header_fault(
    "frame", Severity.MEDIUM, "frame-ancestors / X-Frame-Options",
    Text(en="Another site may show this one in a frame and have people click in it (clickjacking).", zh="其他网站可将本站嵌入框架，诱导用户点击（点击劫持）。"),
    Text(en="Send frame-ancestors 'self' in the policy, or X-Frame-Options: SAMEORIGIN.", zh="在内容安全策略中声明 frame-ancestors 'self'，或返回 X-Frame-Options: SAMEORIGIN。"),
)  # fmt: skip
REFERRER = _missing_header_fault(
    "referrer", Severity.LOW, "Referrer-Policy",
    Text(en="Addresses with tokens may go to other sites on older browsers.", zh="在旧版浏览器中，带有令牌的地址可能泄露给其他网站。"),
    Text(en="Send: Referrer-Policy: strict-origin-when-cross-origin.", zh="返回：Referrer-Policy: strict-origin-when-cross-origin。"),
)  # fmt: skip
VERSION = Fault(
    code="headers.version", severity=Severity.LOW, topic=HEADERS,
    title=Text(en="The server tells which version it runs", zh="响应头泄露服务器版本"),
    why=Text(en="Who looks for known holes need not search.", zh="便于攻击者查找已知漏洞。"),
    repair=Text(en="Send Server and X-Powered-By without a version, or not at all.", zh="移除 Server、X-Powered-By 中的版本号，或不返回这些响应头。"),
)  # fmt: skip


def run(site: Site) -> Iterator[Outcome]:
    answer, _page = site.page()
    policy = _policy(answer)
    if not policy:
        yield _finding(CSP, answer)
    elif "'unsafe-inline'" in _scripts(policy) and not re.search(r"'(nonce|sha\d+)-", _scripts(policy)):
        yield _finding(CSP_INLINE, answer, f"script-src {_scripts(policy)}")
    if "frame-ancestors" not in policy and not answer.header("X-Frame-Options"):
        yield _finding(FRAME, answer)
    if (answer.header("X-Content-Type-Options") or "").strip().lower() != "nosniff":
        yield _finding(SNIFF, answer)
    if not _FETCH.search(answer.header("Referrer-Policy") or ""):
        yield _finding(REFERRER, answer)
    if urlsplit(answer.url).scheme == "https":
        yield from _check_hsts(answer)
    for name in ("Server", "X-Powered-By"):
        if _VERSION_NUMBER.search(value := answer.header(name) or ""):
            yield _finding(VERSION, answer, f"{name}: {value}")


def _check_hsts(answer: FetchedResponse) -> Iterator[Outcome]:
    value = answer.header("Strict-Transport-Security")
    if not value:
        yield _finding(HSTS, answer)
        return
    age = re.search(r'(?i)max-age\s*=\s*"?(\d{1,12})', value)
    if age is None or int(age[1]) < MIN_HSTS_SECONDS:
        yield _finding(HSTS_SHORT, answer, f"Strict-Transport-Security: {value}")


def _policy(answer: FetchedResponse) -> Mapping[str, str]:
    """Return directive → its sources, of all policies together, since each must allow a source."""
    joined_policy = ";".join(value for name, value in answer.headers if name.lower() == "content-security-policy")
    parts = (part.split(None, 1) for part in joined_policy.split(";") if part.strip())
    return {part[0].lower(): (part[1] if len(part) > 1 else "") for part in parts}


def _scripts(policy: Mapping[str, str]) -> str:
    return policy.get("script-src", policy.get("default-src", ""))


def _finding(fault: Fault, answer: FetchedResponse, header_text: str = "") -> SiteFinding:
    return SiteFinding(
        code=fault.code, where=clean_text(answer.url, 500), evidence=(clean_text(header_text),) if header_text else ()
    )


CHECK = Check(
    code="headers",
    order=40,
    title=Text(en="Security headers", zh="安全响应头"),
    faults=(CSP, CSP_INLINE, HSTS, HSTS_SHORT, FRAME, SNIFF, REFERRER, VERSION),
    run=run,
)
