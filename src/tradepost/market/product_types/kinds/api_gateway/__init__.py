"""API: a group of APIs behind a gateway, which the buyer calls with an app key (business-rules §2.5)."""

from collections.abc import Iterator

from tradepost.market.product_types.contract import DeliveryMethod, DeliveryResult, Fault, ProductType, Question, Step
from tradepost.market.product_types.endpoint import ADDRESS_QUESTION, CALL_INSTRUCTIONS, check_endpoint
from tradepost.market.product_types.facts import ProductFacts
from tradepost.protocols.commands import ChargingMode, Create
from tradepost.protocols.text import Text


def check_modes(product: ProductFacts) -> Iterator[Fault]:
    """§2.5: "on-demand (recommended; then per-use is impossible in that spec)"."""
    usage = {ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG}
    for spec in product.specs:
        if ChargingMode.ONE_TIME in spec.modes and spec.modes & usage:
            yield Fault(
                code="api.per_use_and_on_demand",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” is sold per use and on demand. Choose one of them for each specification.",
                    zh=f"规格“{spec.name}”同时按次和按需出售，同一规格只能选择一种。",
                ),
                rule="2.5",
            )


KIND = ProductType(
    code="API_GATEWAY",
    title=Text(en="API", zh="API（API 网关）"),
    summary=Text(
        en="APIs behind your gateway; the buyer calls them with an app key that your gateway checks with the marketplace.",
        zh="通过商家 API 网关开放的接口，用户凭应用密钥调用，网关向本商店校验密钥。",
    ),
    family="api",
    protocols=(),
    # §2.1: on demand, on-demand package, per-use package.
    charging_modes=(ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG, ChargingMode.ONE_TIME),
    steps={"NEW": (Step(Create),)},
    gives=DeliveryResult.ENDPOINT,
    icon="api",
    delivery=DeliveryMethod.GATEWAY,
    fields=(
        Question(
            code="api_group",
            after_payment=True,
            label=Text(en="API group", zh="API 分组"),
            help=Text(
                en="Its identifier at your gateway; its APIs are released.", zh="网关中的分组 ID，其中的 API 须已发布。"
            ),
            section="2.5",
            most=64,
        ),
        ADDRESS_QUESTION,
        CALL_INSTRUCTIONS,
    ),
    rules=(check_endpoint, check_modes),
    # §2.5: "only APP authentication".
    app_keys=lambda _answers: True,
)
