"""API of AI agents: HTTP APIs with single or streamed responses, charged by calls or by tokens (business-rules
§2.5)."""

from collections.abc import Iterator, Mapping

from tradepost.market.product_types.contract import (
    NO,
    YES,
    Answer,
    DeliveryMethod,
    DeliveryResult,
    Fault,
    ProductType,
    Question,
    Step,
)
from tradepost.market.product_types.endpoint import ADDRESS_QUESTION, CALL_INSTRUCTIONS, check_endpoint
from tradepost.market.product_types.facts import ProductFacts
from tradepost.protocols.commands import ChargingMode, Create
from tradepost.protocols.text import Text


def check_usage_object(product: ProductFacts) -> Iterator[Fault]:
    """§2.5: "response must hold a first-level usage object if billed by tokens"."""
    if product.answers.get("by_tokens") == YES and product.answers.get("usage_object") == NO:
        yield Fault(
            code="api.usage_object",
            field="usage_object",
            words=Text(
                en="A product charged by tokens must report them in a top-level “usage” object of each response.",
                zh="按 Token 计费时，响应的第一层必须包含 usage 对象。",
            ),
            rule="2.5",
        )


KEY = "key"


def uses_app_keys(answers: Mapping[str, str]) -> bool:
    """Return whether programs authenticate with a key of this market."""
    return answers.get("authentication") == KEY


KIND = ProductType(
    code="API_AGENTS",
    title=Text(en="API of an AI agent", zh="API（Agents 网关）"),
    summary=Text(
        en="The endpoint of an AI agent (HTTP, MCP or A2A), charged by calls or by tokens.",
        zh="AI Agent 的接口（HTTP、MCP 或 A2A），按调用次数或 Token 计费。",
    ),
    family="api",
    protocols=(),
    charging_modes=(ChargingMode.ON_DEMAND,),  # §2.1
    steps={"NEW": (Step(Create),)},
    gives=DeliveryResult.ENDPOINT,
    icon="robot",
    delivery=DeliveryMethod.GATEWAY,
    fields=(
        ADDRESS_QUESTION,
        Question(
            code="protocol",
            buyers_read=True,
            after_payment=True,
            label=Text(en="Protocol", zh="接口协议"),
            section="2.5",
            answer=Answer.CHOICE,
            choices=(
                ("http", Text.same("HTTP")),
                ("mcp", Text(en="MCP (Model Context Protocol)", zh="MCP（模型上下文协议）")),
                ("a2a", Text(en="A2A (Agent2Agent)", zh="A2A（智能体间协议）")),
            ),
        ),
        Question(
            code="method",
            after_payment=True,
            label=Text(en="Method", zh="请求方法"),
            section="2.5",
            answer=Answer.CHOICE,
            choices=(("GET", Text.same("GET")), ("POST", Text.same("POST"))),
        ),
        Question(
            code="response",
            after_payment=True,
            label=Text(en="Response", zh="响应方式"),
            section="2.5",
            answer=Answer.CHOICE,
            choices=(
                ("json", Text.same("JSON")),
                ("stream", Text(en="stream", zh="流式返回")),
            ),
        ),
        Question(
            code="authentication",
            buyers_read=True,
            after_payment=True,
            label=Text(en="Authentication", zh="认证方式"),
            section="2.5",
            answer=Answer.CHOICE,
            help=Text(en="App keys of this marketplace are recommended.", zh="推荐使用本商店的应用密钥。"),
            choices=(
                (KEY, Text(en="app key of this marketplace", zh="本商店的应用密钥")),
                ("own", Text(en="credentials of the seller", zh="商家自有凭证")),
                ("none", Text(en="none", zh="无需认证")),
            ),
        ),
        CALL_INSTRUCTIONS,
        Question(
            code="by_tokens",
            label=Text(en="Is it charged by tokens?", zh="是否按 Token 计费？"),
            section="2.5",
            answer=Answer.YES_NO,
        ),
        Question(
            code="usage_object",
            label=Text(en="Do its responses have a top-level “usage” object?", zh="响应第一层是否包含 usage 对象？"),
            section="2.5",
            answer=Answer.YES_NO,
        ),
    ),
    rules=(check_endpoint, check_usage_object),
    app_keys=uses_app_keys,
)
