"""Questions for kinds whose buyers call an API: its address, which buyers see after payment (business-rules §2.5)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from tradepost.protocols.text import Text

from .contract import Answer, Fault, Question
from .facts import ProductFacts

RULE = "2.5"
ADDRESS = "endpoint"

ADDRESS_QUESTION = Question(
    code=ADDRESS,
    after_payment=True,
    label=Text(en="Endpoint", zh="接口地址"),
    help=Text(
        en="The https address that buyers' programs call, without a key. Buyers see it after payment.",
        zh="用户程序调用的 https 地址，不含密钥。用户付款后可见。",
    ),
    section=RULE,
    most=500,
)
CALL_INSTRUCTIONS = Question(
    code="how_to_call",
    after_payment=True,
    label=Text(en="Request instructions", zh="调用说明"),
    help=Text(
        en="Request headers, example requests and limits. Buyers see it after payment.",
        zh="填写请求头、请求示例和调用限制。用户付款后可见。",
    ),
    section=RULE,
    answer=Answer.TEXT,
    most=4000,
    translated=True,
)


def check_endpoint(facts: ProductFacts) -> Iterator[Fault]:
    """Check that the endpoint is an https address without an account."""
    address = facts.answers.get(ADDRESS, "").strip()
    if address and not is_endpoint(address):
        yield Fault(
            code="endpoint.address", field=ADDRESS, rule=RULE,
            words=Text(
                en="Enter an address such as https://api.example.com/v1, without an account or a fragment.",
                zh="请填写 https://api.example.com/v1 形式的地址，不含账号和 # 片段。",
            ),
        )  # fmt: skip


def is_endpoint(text: str) -> bool:
    """Return whether a text is a printable https address with a host, without an account or fragment."""
    if not text.isascii() or not text.isprintable() or any(mark in text for mark in ' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and is_reachable(parts.hostname or "")
        and "@" not in parts.netloc
        and not parts.fragment
        and port != 0
    )


def is_reachable(host: str) -> bool:
    """Return whether other machines can reach this host: it is neither this machine nor a link-local address."""
    name = host.lower().rstrip(".")
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return bool(name) and name != "localhost" and not name.endswith(".localhost")
    return not (address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast)
