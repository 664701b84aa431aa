"""The outcomes of website checks: faults with their texts, findings, and what was not tested.

A finding is a code with evidence, so that a report can be shown in both languages years later. *Not tested* is never
a fault."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.text import Text

RULE = "business-rules §2.7"
MAX_WHERE_LENGTH, MAX_EVIDENCE_LENGTH, MAX_EVIDENCE_LINES = 500, 300, 8


class Severity(StrEnum):
    """Only ``HIGH`` blocks publishing (business-rules §2.7: one high-risk finding = fail)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class UntestedReason(StrEnum):
    """Why something was not tested."""

    ADDRESS = "address"
    """Its name resolves, or it redirected, to an address that the market must not call."""
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    NOT_HTTP = "not_http"
    OTHER_HOST = "other_host"
    """It redirects to a host outside of this task."""
    NO_HTTPS = "no_https"
    NO_PAGE = "no_page"
    """The response is not an HTML page."""
    NO_SCANNER = "no_scanner"
    """The required program is not installed on this market."""
    SCANNER = "scanner"
    """That program failed."""
    BUDGET = "budget"
    """The limit of requests or time of this run was reached."""
    STATUS = "status"
    """The site responded with a server error."""
    UNSURE = "unsure"
    """The result has more than one explanation."""


class Fault(Struct, frozen=True, kw_only=True):
    """Something that a check may find. ``topic``: its name in business-rules §2.7."""

    code: str
    severity: Severity
    topic: Text
    title: Text
    why: Text
    repair: Text


class SiteFinding(Struct, frozen=True, kw_only=True):
    """A fault on this site. ``evidence``: untrusted text from the site. It contains no times or random values, so
    that two runs with the same result are equal: an accepted appeal applies as long as the evidence is the same."""

    code: str
    where: str
    evidence: tuple[str, ...] = ()


class NotTested(Struct, frozen=True, kw_only=True):
    """Something that a check did not test, with the reason. ``detail`` is untrusted text."""

    why: UntestedReason
    detail: str = ""


class CannotTest(Exception):  # control flow, not an error
    """The test is not possible. Raised by requests of a check, which then ends."""

    def __init__(self, why: UntestedReason, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why = why
        self.detail = detail


type Outcome = SiteFinding | NotTested


def clean_text(text: str, longest: int = MAX_EVIDENCE_LENGTH) -> str:
    """Return untrusted text in one line for storage and display: without control characters, at most ``longest``
    characters."""
    cleaned_text = "".join(character if character.isprintable() else "�" for character in text[: 2 * longest])
    return cleaned_text if len(cleaned_text) <= longest else cleaned_text[: longest - 1] + "…"


UNCOVERED_TOPICS: tuple[Text, ...] = (
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
"""Topics that no check covers, because they need an attack or an account. Section 2.7 names most of them; the
seller's self-check and the operator cover them."""

REASON_TEXTS: Mapping[UntestedReason, Text] = {
    UntestedReason.ADDRESS: Text(
        en="It leads to an address that this market may not call. It calls public addresses and the networks in TRADEPOST_NETWORKS.",
        zh="该地址指向本商店不可访问的地址。本商店仅访问公网地址以及 TRADEPOST_NETWORKS 中设置的网段。",
    ),
    UntestedReason.DNS: Text(
        en="The name does not exist, or its name servers do not answer.", zh="域名不存在，或域名服务器没有响应。"
    ),
    UntestedReason.CONNECT: Text(en="Nobody answers there.", zh="无法建立连接。"),
    UntestedReason.TLS: Text(
        en="No trusted connection came about; see the check of the certificate.",
        zh="无法建立可信连接，请先查看证书检查结果。",
    ),
    UntestedReason.TIMEOUT: Text(en="No complete answer came in time.", zh="未能在时限内收到完整响应。"),
    UntestedReason.TOO_LARGE: Text(en="The answer is larger than is read.", zh="响应内容超出读取上限。"),
    UntestedReason.REDIRECTS: Text(en="It redirects again and again.", zh="重定向次数过多。"),
    UntestedReason.NOT_HTTP: Text(en="What answers does not speak HTTP.", zh="响应不符合 HTTP 协议。"),
    UntestedReason.OTHER_HOST: Text(
        en="It leads to another host. Check that one in a task of its own.",
        zh="页面跳转至其他主机，请为该主机单独创建检测任务。",
    ),
    UntestedReason.NO_HTTPS: Text(en="The site does not answer over https.", zh="网站未提供 HTTPS 访问。"),
    UntestedReason.NO_PAGE: Text(en="What answers is no HTML page.", zh="响应内容不是 HTML 页面。"),
    UntestedReason.NO_SCANNER: Text(
        en="This market has no TLS scanner installed. That is the operator's matter, not yours.",
        zh="本商店未安装 TLS 检测程序，这与商家无关。",
    ),
    UntestedReason.SCANNER: Text(
        en="The TLS scanner broke off. That is the market's matter, not yours.",
        zh="TLS 检测程序异常中断，这与商家无关。",
    ),
    UntestedReason.BUDGET: Text(
        en="The requests or the time of this run were used up.", zh="本次检测的请求次数或时长已用完。"
    ),
    UntestedReason.STATUS: Text(en="The site answered with a server error.", zh="网站返回了服务器错误。"),
    UntestedReason.UNSURE: Text(
        en="What was seen has more than one explanation, so it counts for nothing.",
        zh="检测结果存在多种可能，不作判定。",
    ),
}
