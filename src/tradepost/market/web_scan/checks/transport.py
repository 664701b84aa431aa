"""Check whether the site is served over https, and whether plain http redirects to it."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from tradepost.market.identity.domain_names import is_loopback
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
from tradepost.market.web_scan.site import Site, origin_of, target_of
from tradepost.market.web_scan.topics import TLS_TOPIC
from tradepost.protocols.text import Text

NO_HTTPS = Fault(
    code="transport.plain",
    severity=Severity.HIGH,
    topic=TLS_TOPIC,
    title=Text(en="The site is open over plain http", zh="网站以明文 HTTP 提供服务"),
    why=Text(
        en="Everybody on the way reads and changes what buyers and the site say to each other, passwords included.",
        zh="用户与网站之间的全部内容（包括密码）可能在传输途中被窃听或篡改。",
    ),
    repair=Text(
        en="Serve the site over https and redirect every http address to it with status 301 or 308.",
        zh="为网站启用 HTTPS，并以 301 或 308 将全部 HTTP 地址重定向至 HTTPS。",
    ),
)
LOOPBACK = Fault(
    code="transport.loopback",
    severity=Severity.INFO,
    topic=TLS_TOPIC,
    title=Text(en="Plain http on this machine, which a sandbox allows", zh="沙箱中使用本机明文 HTTP"),
    why=Text(
        en="A real market counts this as a high finding.",
        zh="在正式商店中，此项为高危问题。",
    ),
    repair=Text(en="Nothing to do in a sandbox.", zh="沙箱环境中无需处理。"),
)
NO_REDIRECT = Fault(
    code="transport.no_redirect",
    severity=Severity.MEDIUM,
    topic=TLS_TOPIC,
    title=Text(en="Plain http is answered without leading to https", zh="HTTP 地址未重定向至 HTTPS"),
    why=Text(
        en="Who types the name without https stays on a connection that anybody reads.",
        zh="用户直接输入域名时，会停留在未加密的连接上。",
    ),
    repair=Text(
        en="Answer every http address with status 301 or 308 and its https address.",
        zh="对全部 HTTP 请求返回 301 或 308，并指向对应的 HTTPS 地址。",
    ),
)


def run(site: Site) -> Iterator[Outcome]:
    if urlsplit(site.url).scheme == "https":
        yield from _check_plain_http(site)
        return
    answer = site.front()
    if urlsplit(answer.last.url).scheme == "https":
        return
    if answer.left:
        if urlsplit(answer.left).scheme != "https":
            yield NotTested(why=UntestedReason.OTHER_HOST, detail=origin_of(answer.left))
        return
    evidence = (f"{origin_of(answer.last.url)} · {answer.last.status}",)
    if site.outbound.sandbox and is_loopback(site.host):
        yield SiteFinding(code=LOOPBACK.code, where=site.url, evidence=evidence)
    elif answer.last.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        yield SiteFinding(code=NO_HTTPS.code, where=site.url, evidence=evidence)
    else:
        raise CannotTest(UntestedReason.STATUS, str(answer.last.status))


def _check_plain_http(site: Site) -> Iterator[Outcome]:
    """Check the http address of the same name. No server there is as good as a redirect."""
    if urlsplit(site.url).port not in {None, 443}:
        return  # there is no known http port for a custom https port
    url_host = f"[{site.host}]" if ":" in site.host else site.host
    try:
        answer = site.ask(f"http://{url_host}/")
    except CannotTest as error:
        if error.why is not UntestedReason.CONNECT:
            raise
        return
    target = target_of(answer)
    if target is None and answer.status < HTTPStatus.BAD_REQUEST:
        yield SiteFinding(code=NO_REDIRECT.code, where=answer.url, evidence=(f"{answer.status}",))
    elif target is not None and urlsplit(target).scheme != "https":
        yield SiteFinding(code=NO_REDIRECT.code, where=answer.url, evidence=(f"{answer.status} → {origin_of(target)}",))


CHECK = Check(
    code="transport",
    order=20,
    title=Text(en="Encrypted connection", zh="加密访问"),
    faults=(NO_HTTPS, LOOPBACK, NO_REDIRECT),
    run=run,
)
