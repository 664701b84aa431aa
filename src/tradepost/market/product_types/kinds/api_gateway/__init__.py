"""API: a group of APIs behind a gateway, which the buyer calls with an application's key (business-rules §2.5)."""

from collections.abc import Iterator

from tradepost.market.product_types.contract import Answer, DeliveredBy, Fault, ProductType, Question
from tradepost.market.product_types.facts import ProductFacts
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text


def one_way_of_paying(product: ProductFacts) -> Iterator[Fault]:
    """§2.5: "on-demand (recommended; then per-use is impossible in that spec)"."""
    usage = {ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG}
    for spec in product.specs:
        if ChargingMode.ONE_TIME in spec.modes and spec.modes & usage:
            yield Fault(
                code="api.per_use_and_on_demand",
                field="specs",
                words=Text(
                    en=f"“{spec.name}” is sold per use and on demand: of one specification only one is possible.",
                    zh=f"规格“{spec.name}”同时按次和按需出售，同一规格只能选择一种。",
                ),
                rule="2.5",
            )


KIND = ProductType(
    code="API_GATEWAY",
    title=Text(en="API", zh="API（API 网关）"),
    summary=Text(
        en="APIs behind a gateway; the buyer calls them with a key.",
        zh="通过 API 网关开放的接口，用户凭应用密钥调用。",
    ),
    family="api",
    protocols=(),
    # §2.1: on demand, on-demand package, per-use package.
    charging_modes=(ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG, ChargingMode.ONE_TIME),
    steps={},
    icon="api",
    delivery=DeliveredBy.GATEWAY,
    undeliverable=Text(
        en="This market has no API gateway yet that could let calls through and count them.",
        zh="本商店尚未对接可放行并计量调用的 API 网关。",
    ),
    fields=(
        # A group that a listed or delisted spec has used can never be used again: the gateway will know it.
        Question(
            code="api_group",
            label=Text(en="API group", zh="API 分组"),
            help=Text(
                en="Its identifier at the gateway; its APIs are released.", zh="网关中的分组 ID，其中的 API 须已发布。"
            ),
            section="2.5",
            most=64,
        ),
        # "only APP authentication; simple auth (AppCode) optional".
        Question(
            code="app_code",
            label=Text(en="May it be called with an AppCode alone?", zh="是否支持简易认证（AppCode）？"),
            section="2.5",
            answer=Answer.YES_NO,
        ),
    ),
    rules=(one_way_of_paying,),
)
