"""What checks of a web site say: faults with their words, what was found of them, and what was not tested.

What is found is a code with evidence, so that a report can be read in both languages years later. *Not tested* is never a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.text import Text

RULE = "business-rules §2.7"
LONGEST_WHERE, LONGEST_EVIDENCE, MOST_EVIDENCE = 500, 300, 8


class Severity(StrEnum):
    """``HIGH`` alone blocks publishing (business-rules §2.7: one high-risk finding = fail)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Why(StrEnum):
    """Why something was not tested."""

    ADDRESS = "address"
    """Its name leads, or it redirected, to an address that the market must not call."""
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    NOT_HTTP = "not_http"
    OTHER_HOST = "other_host"
    """It leads to a host that this task is not about."""
    NO_HTTPS = "no_https"
    NO_PAGE = "no_page"
    """What answered is no page of HTML."""
    NO_SCANNER = "no_scanner"
    """The program that asks it is not installed on this market."""
    SCANNER = "scanner"
    """That program broke off."""
    BUDGET = "budget"
    """The requests or the time of this run were used up."""
    STATUS = "status"
    """The site answered with a server error."""
    UNSURE = "unsure"
    """What was seen has more than one explanation."""


class Fault(Struct, frozen=True, kw_only=True):
    """Something that a check may find. ``topic``: what business-rules §2.7 calls it."""

    code: str
    severity: Severity
    topic: Text
    title: Text
    why: Text
    repair: Text


class Found(Struct, frozen=True, kw_only=True):
    """A fault on this site. ``evidence``: what was seen, a stranger's text. Two runs that see the same say the same: there is
    no moment and no chance in it, since an accepted appeal stands for as long as the evidence does."""

    code: str
    where: str
    evidence: tuple[str, ...] = ()


class NotTested(Struct, frozen=True, kw_only=True):
    """What a check did not ask, and why. ``detail`` is a stranger's text."""

    why: Why
    detail: str = ""


class CannotTest(Exception):  # it is no error
    """Nothing can be said: raised by whatever a check asks, and ends it."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why = why
        self.detail = detail


type Outcome = Found | NotTested


def clean(text: str, longest: int = LONGEST_EVIDENCE) -> str:
    """A stranger's text as it may be stored and shown in one line: no signs of control, no change of direction, not endless."""
    shown = "".join(sign if sign.isprintable() else "�" for sign in text[: 2 * longest])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


NEVER_TESTED: tuple[Text, ...] = (
    Text(en="Cross-site scripting (XSS)", zh="跨站脚本攻击（XSS）"),
    Text(en="SQL injection", zh="SQL 注入"),
    Text(en="Cross-site request forgery (CSRF)", zh="跨站请求伪造（CSRF）"),
    Text(en="XML external entities (XXE)", zh="XML 外部实体注入（XXE）"),
    Text(en="Injection of operating system commands", zh="操作系统命令注入"),
    Text(en="Path traversal", zh="目录遍历"),
    Text(en="Upload of harmful files", zh="恶意文件上传"),
    Text(en="Leaks of sensitive data", zh="敏感信息泄露"),
    Text(en="Malicious code in pages (web trojans)", zh="网页挂马"),
    Text(
        en="Holes of TLS libraries such as Heartbleed or ROBOT: to ask for them is to try an attack",
        zh="心脏滴血（Heartbleed）、ROBOT 等 TLS 组件漏洞：探测本身即构成攻击尝试",
    ),
    Text(en="Pages behind the log-in", zh="登录后的页面"),
)
"""What no check here asks for: it takes an attack, or an account. Section 2.7 names most of it; the seller's self-check and the
operator answer for it."""

WHY_WORDS: Mapping[Why, Text] = {
    Why.ADDRESS: Text(
        en="It leads to an address that this market may not call. It calls public addresses and the networks in TRADEPOST_NETWORKS.",
        zh="该地址指向本商店不可访问的地址。本商店仅访问公网地址以及 TRADEPOST_NETWORKS 中设置的网段。",
    ),
    Why.DNS: Text(
        en="The name does not exist, or its name servers do not answer.", zh="域名不存在，或域名服务器没有响应。"
    ),
    Why.CONNECT: Text(en="Nobody answers there.", zh="无法建立连接。"),
    Why.TLS: Text(
        en="No trusted connection came about; see the check of the certificate.",
        zh="无法建立可信连接，请先查看证书检查结果。",
    ),
    Why.TIMEOUT: Text(en="No complete answer came in time.", zh="未能在时限内收到完整响应。"),
    Why.TOO_LARGE: Text(en="The answer is larger than is read.", zh="响应内容超出读取上限。"),
    Why.REDIRECTS: Text(en="It redirects again and again.", zh="重定向次数过多。"),
    Why.NOT_HTTP: Text(en="What answers does not speak HTTP.", zh="响应不符合 HTTP 协议。"),
    Why.OTHER_HOST: Text(
        en="It leads to another host. Check that one in a task of its own.",
        zh="页面跳转至其他主机，请为该主机单独创建检测任务。",
    ),
    Why.NO_HTTPS: Text(en="The site does not answer over https.", zh="网站未提供 HTTPS 访问。"),
    Why.NO_PAGE: Text(en="What answers is no HTML page.", zh="响应内容不是 HTML 页面。"),
    Why.NO_SCANNER: Text(
        en="This market has no TLS scanner installed. That is the operator's matter, not yours.",
        zh="本商店未安装 TLS 检测程序，这与商家无关。",
    ),
    Why.SCANNER: Text(
        en="The TLS scanner broke off. That is the market's matter, not yours.",
        zh="TLS 检测程序异常中断，这与商家无关。",
    ),
    Why.BUDGET: Text(en="The requests or the time of this run were used up.", zh="本次检测的请求次数或时长已用完。"),
    Why.STATUS: Text(en="The site answered with a server error.", zh="网站返回了服务器错误。"),
    Why.UNSURE: Text(
        en="What was seen has more than one explanation, so it counts for nothing.",
        zh="检测结果存在多种可能，不作判定。",
    ),
}
