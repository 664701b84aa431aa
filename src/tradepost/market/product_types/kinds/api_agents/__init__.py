"""API of AI agents: HTTP APIs that answer at once or in a stream, charged by calls or by tokens (business-rules §2.5)."""

from collections.abc import Iterator

from tradepost.market.product_types.contract import NO, YES, Answer, DeliveredBy, Fault, ProductType, Question
from tradepost.market.product_types.facts import ProductFacts
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text


def tokens_are_told(product: ProductFacts) -> Iterator[Fault]:
    """§2.5: "response must hold a first-level usage object if billed by tokens"."""
    if product.answers.get("by_tokens") == YES and product.answers.get("usage_object") == NO:
        yield Fault(
            code="api.usage_object",
            field="usage_object",
            words=Text(
                en="What is charged by tokens must say in each answer, in a member “usage”, how many it took.",
                zh="按 Token 计费时，响应的第一层必须包含 usage 对象。",
            ),
            rule="2.5",
        )


KIND = ProductType(
    code="API_AGENTS",
    title=Text(en="API of an AI agent", zh="API（Agents 网关）"),
    summary=Text(
        en="HTTP APIs of an AI agent, charged by calls or by tokens.",
        zh="AI Agent 的 HTTP 接口，按调用次数或 Token 计费。",
    ),
    family="api",
    protocols=(),
    charging_modes=(ChargingMode.ON_DEMAND,),  # §2.1
    steps={},
    icon="robot",
    delivery=DeliveredBy.GATEWAY,
    undeliverable=Text(
        en="This market has no gateway yet that could let calls through and count tokens.",
        zh="本商店尚未对接可放行调用并统计 Token 的网关。",
    ),
    fields=(
        Question(
            code="method",
            label=Text(en="Method", zh="请求方法"),
            section="2.5",
            answer=Answer.CHOICE,
            choices=(("GET", Text.same("GET")), ("POST", Text.same("POST"))),
        ),
        Question(
            code="response",
            label=Text(en="How it answers", zh="响应方式"),
            section="2.5",
            answer=Answer.CHOICE,
            choices=(
                ("json", Text(en="JSON, at once", zh="同步返回 JSON")),
                ("stream", Text(en="in a stream", zh="流式返回")),
            ),
        ),
        Question(
            code="authentication",
            label=Text(en="How the gateway signs in", zh="网关调用时的认证方式"),
            section="2.5",
            answer=Answer.CHOICE,
            choices=(
                ("ak_sk", Text(en="JWT signed with AK/SK (recommended)", zh="AK/SK 签名的 JWT（推荐）")),
                ("headers", Text(en="constant headers of your own", zh="自定义固定请求头")),
            ),
        ),
        Question(
            code="by_tokens",
            label=Text(en="Is it charged by tokens?", zh="是否按 Token 计费？"),
            section="2.5",
            answer=Answer.YES_NO,
        ),
        Question(
            code="usage_object",
            label=Text(en="Do its answers hold a member “usage”?", zh="响应第一层是否包含 usage 对象？"),
            section="2.5",
            answer=Answer.YES_NO,
        ),
    ),
    rules=(tokens_are_told,),
)
