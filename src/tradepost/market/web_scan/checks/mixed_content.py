"""Check whether the https page loads content, or sends forms, over plain http."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from tradepost.market.web_scan.check import Check
from tradepost.market.web_scan.contract import Fault, Outcome, Severity, SiteFinding, clean_text
from tradepost.market.web_scan.page import ACTIVE_TAGS
from tradepost.market.web_scan.site import Site
from tradepost.protocols.text import Text

MIXED = Text(en="Mixed content", zh="混合内容")
MAX_EVIDENCE = 5

PASSWORD = Fault(
    code="mixed_content.password", severity=Severity.HIGH, topic=Text(en="Leak of sensitive data", zh="敏感信息泄露"),
    title=Text(en="A form sends a password over plain http", zh="表单以明文 HTTP 提交密码"),
    why=Text(en="Anybody on the way reads it.", zh="密码可能在传输途中被窃听。"),
    repair=Text(en="Let the form's action be an https address.", zh="将表单的提交地址改为 HTTPS。"),
)  # fmt: skip
FORM = Fault(
    code="mixed_content.form", severity=Severity.MEDIUM, topic=MIXED,
    title=Text(en="A form is sent over plain http", zh="表单以明文 HTTP 提交"),
    why=Text(en="What is typed can be read and changed on the way.", zh="提交的内容可能在传输途中被窃听或篡改。"),
    repair=Text(en="Let the form's action be an https address.", zh="将表单的提交地址改为 HTTPS。"),
)  # fmt: skip
ACTIVE_CONTENT = Fault(
    code="mixed_content.active", severity=Severity.MEDIUM, topic=MIXED,
    title=Text(en="Scripts, styles or frames are loaded over plain http", zh="脚本、样式或框架以明文 HTTP 加载"),
    why=Text(en="Browsers of today refuse them, so the page is broken; older ones run what anybody on the way puts in.", zh="主流浏览器会拦截，导致页面异常；旧版浏览器可能执行被篡改的内容。"),
    repair=Text(en="Load them over https.", zh="改为以 HTTPS 加载。"),
)  # fmt: skip
PASSIVE_CONTENT = Fault(
    code="mixed_content.passive", severity=Severity.LOW, topic=MIXED,
    title=Text(en="Pictures or media are loaded over plain http", zh="图片或媒体以明文 HTTP 加载"),
    why=Text(en="They can be replaced on the way, and tell others what is looked at.", zh="内容可能被替换，并泄露用户的浏览行为。"),
    repair=Text(en="Load them over https.", zh="改为以 HTTPS 加载。"),
)  # fmt: skip


def run(site: Site) -> Iterator[Outcome]:
    answer, page = site.page()
    if urlsplit(answer.url).scheme != "https":
        return  # nothing can be mixed: the check of the connection reports it
    base = _join(answer.url, page.base) if page.base else answer.url
    form_targets = [(form, _join(base, form.action)) for form in page.forms if form.action]
    plain_forms = [(form, url) for form, url in form_targets if _is_plain(url)]
    loaded_urls = [(item.tag, _join(base, item.url)) for item in page.loaded]
    for fault, urls in (
        (PASSWORD, [url for form, url in plain_forms if form.password]),
        (FORM, [url for form, url in plain_forms if not form.password]),
        (ACTIVE_CONTENT, [url for tag, url in loaded_urls if tag in ACTIVE_TAGS and _is_plain(url)]),
        (PASSIVE_CONTENT, [url for tag, url in loaded_urls if tag not in ACTIVE_TAGS and _is_plain(url)]),
    ):
        if urls:
            urls_shown = sorted({clean_text(url.partition("?")[0]) for url in urls})[:MAX_EVIDENCE]
            yield SiteFinding(code=fault.code, where=clean_text(answer.url, 500), evidence=tuple(urls_shown))


def _join(base: str, url: str) -> str:
    try:
        return urljoin(base, url.strip())
    except ValueError:
        return ""


def _is_plain(url: str) -> bool:
    return url.lower().startswith("http://")


CHECK = Check(
    code="mixed_content",
    order=60,
    title=Text(en="Mixed content", zh="混合内容"),
    faults=(PASSWORD, FORM, ACTIVE_CONTENT, PASSIVE_CONTENT),
    run=run,
)
