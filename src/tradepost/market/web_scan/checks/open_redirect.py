"""Check for open redirects: whether an address of the site redirects to any target in a parameter.

Requests the front page and its links, with parameter names that are common for redirects. The value is a host name
that cannot exist (RFC 6761). The number of requests is limited, and nothing is posted."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from tradepost.market.base.outbound import FetchedResponse
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
from tradepost.market.web_scan.page import Page
from tradepost.market.web_scan.site import Site, target_of
from tradepost.protocols.text import Text

FOREIGN_HOST = "tradepost-web-check.invalid"
PROBES = (f"https://{FOREIGN_HOST}/", f"//{FOREIGN_HOST}/")
NAMES = (
    "next", "url", "redirect", "redirect_uri", "redirect_url", "redirecturl", "return", "return_to", "returnto", "return_url",
    "returnurl", "continue", "goto", "target", "dest", "destination", "callback", "back", "backurl", "service", "forward", "to",
)  # fmt: skip
"""Names of parameters that commonly contain a redirect target."""
FRONT_PAGE_PARAMETERS = ("next", "url", "redirect", "return_url")
MAX_LINKS = 8

REDIRECT = Fault(
    code="open_redirect.found",
    severity=Severity.HIGH,
    topic=Text(en="URL redirect", zh="URL 跳转"),
    title=Text(en="An address of the site sends people to any other site", zh="网站地址可跳转至任意外部网站"),
    why=Text(
        en="A link that begins with your name leads to somebody else's page, which asks for the password.",
        zh="攻击者可利用以贵方域名开头的链接，将用户引至钓鱼页面骗取密码。",
    ),
    repair=Text(
        en="Redirect only to paths of your own, or to hosts on a list.",
        zh="仅允许跳转至站内路径或白名单中的主机。",
    ),
)


def run(site: Site) -> Iterator[Outcome]:
    answer, page = site.page()
    requested_urls: set[str] = set()
    for url, name in _candidates(site, answer, page):
        for probe in PROBES:
            probed_url = _with_parameter(url, name, probe)
            if probed_url in requested_urls:
                continue
            requested_urls.add(probed_url)
            try:
                target = target_of(site.ask(probed_url))
            except CannotTest as error:
                if error.why is UntestedReason.BUDGET:
                    yield NotTested(why=UntestedReason.BUDGET)
                    return
                continue  # the next address may still respond
            if target and _host(target) == FOREIGN_HOST:
                yield SiteFinding(
                    code=REDIRECT.code,
                    where=clean_text(_path(url), 500),
                    evidence=(f"{name}={probe}", f"Location: {clean_text(target)}"),
                )
                break


def _candidates(site: Site, answer: FetchedResponse, page: Page) -> Iterator[tuple[str, str]]:
    """Yield addresses with the name of a parameter: those that the page itself uses, then common ones of the front
    page."""
    count = 0
    for link in page.links:
        url = _join(answer.url, link)
        names = [name for name, _ in _query(url) if name.lower() in NAMES]
        if names and site.is_own(url) and count < MAX_LINKS:
            count += 1
            yield url, names[0]
    for form in page.forms:
        url = _join(answer.url, form.action or answer.url)
        names = [name for name in form.names if name.lower() in NAMES]
        if form.method == "get" and names and site.is_own(url) and count < MAX_LINKS:
            count += 1
            yield url, names[0]
    for name in FRONT_PAGE_PARAMETERS:
        yield answer.url, name


def _query(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return []


def _with_parameter(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    query = [(key, current) for key, current in _query(url) if key != name]
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode([*query, (name, value)]), ""))


def _path(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))


def _join(base: str, url: str) -> str:
    try:
        joined_url = urljoin(base, url.strip())
        urlsplit(joined_url).port  # noqa: B018  # raises for an invalid port
    except ValueError:
        return ""
    return joined_url if joined_url.isascii() and " " not in joined_url else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


CHECK = Check(
    code="open_redirect",
    order=70,
    title=Text(en="Open redirect", zh="开放式跳转"),
    faults=(REDIRECT,),
    run=run,
)
