"""License issued online: the right to use software on the buyer's machines, as a text that the seller's server
creates.

Over ``license_v1``, getLicense returns the text, which the buyer reads on the page (saas-v1-license B1). Over
``license_online``, newInstance opens an instance under which the buyer applies for a license for each machine, so the
order is delivered when the instance exists (B3).

Its code is plain ``LICENSE``, because all licenses were issued online before the four kinds were introduced."""

from tradepost.market.product_types.acceptance import SUPERVISED_LICENSE, check_supervised_charging
from tradepost.market.product_types.contract import (
    DeliveryMethod,
    DeliveryResult,
    ProductType,
    RefundRight,
    Step,
    Supervision,
)
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.protocols.commands import ChargingMode, Create
from tradepost.protocols.text import Text

KIND = ProductType(
    code="LICENSE",
    title=Text(en="License, issued online", zh="License（在线开通）"),
    summary=Text(
        en="Software that runs at the buyer's, with a license that your server issues for each machine.",
        zh="运行在用户侧的软件，许可证由商家的生产接口在线签发，可按设备申请。",
    ),
    family="license",
    protocols=("license_v1", "license_online"),
    # A license has no usage: the platform sells it by period and once (business-rules §2.1), and neither protocol has
    # a usage query (saas-v1-license B1, B3).
    charging_modes=(ChargingMode.PERIOD, ChargingMode.ONE_TIME),
    steps={"NEW": (Step(Create),)},
    one_line_over=frozenset({"license_v1"}),
    gives=DeliveryResult.LICENSE,
    icon="license",
    delivery=DeliveryMethod.INTERFACE,
    multi_sku=True,  # §3.4
    supervision=Supervision.CHOICE,
    flow_if_wanted="license_online",
    returns=dict.fromkeys((ChargingMode.PERIOD, ChargingMode.ONE_TIME), RefundRight.NEGOTIATED),  # §4.7
    fields=(SUPERVISED_LICENSE,),
    proofs=(SOFTWARE_COPYRIGHT,),
    rules=(check_supervised_charging,),
)
