"""Does an address of the site send people wherever its caller likes?

Asked are the front page and what it links to, with a parameter that is named as such parameters are; what is put into it is a
host of a name that can never exist (RFC 6761), which nobody calls. Bounded, and nothing is posted.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from tradepost.market.base.outbound import Fetched
from tradepost.market.web_scan.check import Check
from tradepost.market.web_scan.contract import CannotTest, Fault, Found, NotTested, Outcome, Severity, Why, clean
from tradepost.market.web_scan.page import Page
from tradepost.market.web_scan.site import Site, target_of
from tradepost.protocols.text import Text

ELSEWHERE = "tradepost-web-check.invalid"
PROBES = (f"https://{ELSEWHERE}/", f"//{ELSEWHERE}/")
NAMES = (
    "next", "url", "redirect", "redirect_uri", "redirect_url", "redirecturl", "return", "return_to", "returnto", "return_url",
    "returnurl", "continue", "goto", "target", "dest", "destination", "callback", "back", "backurl", "service", "forward", "to",
)  # fmt: skip
"""Parameters that commonly hold where to go next."""
ON_FRONT = ("next", "url", "redirect", "return_url")
MOST_LINKS = 8

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
    asked: set[str] = set()
    for url, name in _candidates(site, answer, page):
        for probe in PROBES:
            probed = _with(url, name, probe)
            if probed in asked:
                continue
            asked.add(probed)
            try:
                target = target_of(site.ask(probed))
            except CannotTest as why:
                if why.why is Why.BUDGET:
                    yield NotTested(why=Why.BUDGET)
                    return
                continue  # what one address does not answer says nothing of the next
            if target and _host(target) == ELSEWHERE:
                yield Found(
                    code=REDIRECT.code,
                    where=clean(_path(url), 500),
                    evidence=(f"{name}={probe}", f"Location: {clean(target)}"),
                )
                break


def _candidates(site: Site, answer: Fetched, page: Page) -> Iterator[tuple[str, str]]:
    """Addresses with the name of a parameter each: those that the page itself uses, then common ones of the front page."""
    found = 0
    for link in page.links:
        url = _join(answer.url, link)
        names = [name for name, _ in _query(url) if name.lower() in NAMES]
        if names and site.is_own(url) and found < MOST_LINKS:
            found += 1
            yield url, names[0]
    for form in page.forms:
        url = _join(answer.url, form.action or answer.url)
        names = [name for name in form.names if name.lower() in NAMES]
        if form.method == "get" and names and site.is_own(url) and found < MOST_LINKS:
            found += 1
            yield url, names[0]
    for name in ON_FRONT:
        yield answer.url, name


def _query(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return []


def _with(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    query = [(key, said) for key, said in _query(url) if key != name]
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode([*query, (name, value)]), ""))


def _path(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))


def _join(base: str, url: str) -> str:
    try:
        joined = urljoin(base, url.strip())
        urlsplit(joined).port  # noqa: B018  # raises for what is no number
    except ValueError:
        return ""
    return joined if joined.isascii() and " " not in joined else ""


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
