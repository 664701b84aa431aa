"""Check the attributes of the site's cookies: https only, not for scripts, not for other sites. Values are never
stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tradepost.market.web_scan.check import Check
from tradepost.market.web_scan.contract import Fault, Outcome, Severity, SiteFinding, clean_text
from tradepost.market.web_scan.site import Site
from tradepost.protocols.text import Text

COOKIES = Text(en="Cookies", zh="Cookie 安全")
MAX_COOKIES = 20
_SESSION = re.compile(r"(?i)sess|sid|auth|token|login|jwt|remember")

SECURE = Fault(
    code="cookies.secure", severity=Severity.MEDIUM, topic=COOKIES,
    title=Text(en="A cookie is also sent over plain http", zh="Cookie 未设置 Secure"),
    why=Text(en="Anybody on the way can read it and act as the buyer.", zh="Cookie 可能在未加密连接中被窃取，攻击者可冒用用户身份。"),
    repair=Text(en="Add Secure.", zh="为 Cookie 添加 Secure 属性。"),
)  # fmt: skip
HTTP_ONLY = Fault(
    code="cookies.http_only", severity=Severity.MEDIUM, topic=COOKIES,
    title=Text(en="Scripts can read a session cookie", zh="会话 Cookie 未设置 HttpOnly"),
    why=Text(en="A script that is smuggled in takes over the session.", zh="被注入的脚本可读取 Cookie 并劫持会话。"),
    repair=Text(en="Add HttpOnly.", zh="为 Cookie 添加 HttpOnly 属性。"),
)  # fmt: skip
SAME_SITE = Fault(
    code="cookies.same_site", severity=Severity.LOW, topic=COOKIES,
    title=Text(en="A cookie does not say whether other sites may have it sent", zh="Cookie 未设置 SameSite"),
    why=Text(en="Browsers differ in what they then do with requests that other sites cause.", zh="不同浏览器对跨站请求的处理方式不一致。"),
    repair=Text(en="Add SameSite=Lax, or Strict.", zh="为 Cookie 添加 SameSite=Lax 或 Strict 属性。"),
)  # fmt: skip
NONE_INSECURE = Fault(
    code="cookies.none", severity=Severity.MEDIUM, topic=COOKIES,
    title=Text(en="A cookie says SameSite=None without Secure", zh="Cookie 设置了 SameSite=None 但未设置 Secure"),
    why=Text(en="Browsers refuse it.", zh="浏览器会拒绝此类 Cookie。"),
    repair=Text(en="Add Secure, or say SameSite=Lax.", zh="添加 Secure 属性，或改为 SameSite=Lax。"),
)  # fmt: skip


def run(site: Site) -> Iterator[Outcome]:
    front = site.front()
    names: set[str] = set()
    for hop in front.hops:
        secure = urlsplit(hop.url).scheme == "https"
        for line in [value for name, value in hop.headers if name.lower() == "set-cookie"][:MAX_COOKIES]:
            name, attributes = _parse_cookie(line)
            if name and name not in names and not _is_deleted(attributes):
                names.add(name)
                yield from _cookie_findings(name, attributes, hop.url, secure=secure)


def _parse_cookie(line: str) -> tuple[str, dict[str, str]]:
    """Return the name and lower-case attributes of a cookie, never its value."""
    pair, *attribute_texts = line[:4096].split(";")
    name, _equals, _value = pair.partition("=")
    parts = (part.strip().partition("=") for part in attribute_texts)
    return name.strip(), {key.lower(): value.strip() for key, _, value in parts if key}


def _is_deleted(attributes: dict[str, str]) -> bool:
    return attributes.get("max-age", "").lstrip("-") == "0" or attributes.get("max-age", "").startswith("-")


def _cookie_findings(name: str, attributes: dict[str, str], url: str, *, secure: bool) -> Iterator[Outcome]:
    visible_cookie = "; ".join(
        (
            f"{name}=…",
            *(
                f"{key}={value}" if value else key
                for key, value in attributes.items()
                if key not in {"expires", "max-age"}
            ),
        )
    )
    evidence, where = (clean_text(visible_cookie),), clean_text(url, 500)
    same_site = attributes.get("samesite", "").lower()
    if same_site == "none" and "secure" not in attributes:
        yield SiteFinding(code=NONE_INSECURE.code, where=where, evidence=evidence)
    elif secure and "secure" not in attributes:
        yield SiteFinding(code=SECURE.code, where=where, evidence=evidence)
    if _SESSION.search(name) and "httponly" not in attributes and not re.search(r"(?i)csrf|xsrf", name):
        yield SiteFinding(code=HTTP_ONLY.code, where=where, evidence=evidence)
    if not same_site:
        yield SiteFinding(code=SAME_SITE.code, where=where, evidence=evidence)


CHECK = Check(
    code="cookies",
    order=50,
    title=Text(en="Cookies", zh="Cookie"),
    faults=(SECURE, HTTP_ONLY, NONE_INSECURE, SAME_SITE),
    run=run,
)
