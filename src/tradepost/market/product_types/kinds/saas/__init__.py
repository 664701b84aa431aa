"""SaaS: an instance on the seller's server, created after payment, with an address and an account."""

from tradepost.market.product_types.acceptance import SUPERVISED, check_supervised_charging
from tradepost.market.product_types.contract import DeliveryMethod, ProductType, RefundRight, Step, Supervision
from tradepost.market.product_types.proofs import SOFTWARE_COPYRIGHT
from tradepost.market.product_types.web_site import QUESTIONS, check_addresses
from tradepost.protocols.commands import ChargingMode, Create, Query
from tradepost.protocols.text import Text

KIND = ProductType(
    code="SAAS",
    title=Text(en="SaaS", zh="SaaS"),
    summary=Text(
        en="An application that you run; the buyer gets an address and an account as soon as the order is paid.",
        zh="由商家运营的在线应用，用户付款后即获得访问地址与账号。",
    ),
    protocols=("saas_v2", "saas_v1"),
    # Both versions support all four: 2.0 by the order query, 1.0 by chargingMode and instanceStatus (saas-v2 §1.4,
    # saas-v1-license A2).
    charging_modes=(
        ChargingMode.PERIOD,
        ChargingMode.ONE_TIME,
        ChargingMode.ON_DEMAND,
        ChargingMode.ON_DEMAND_PKG,
    ),
    steps={"NEW": (Step(Create), Step(Query, until_access=True))},
    # In 1.0, newInstance returns the access data itself, on every call; queryInstance is optional for products sold
    # by period or once (saas-v1-license A2, A2.2).
    steps_over={"saas_v1": {"NEW": (Step(Create), Step(Create, until_access=True))}},
    one_line_over=frozenset({"saas_v1"}),
    icon="cloud",
    delivery=DeliveryMethod.INTERFACE,
    multi_sku=True,  # business-rules §3.4
    trial=True,  # §3.5: "SaaS, month/year specs only"
    supervision=Supervision.CHOICE,  # §2.1: "yes/no per product"
    returns={
        ChargingMode.PERIOD: RefundRight.NO_REASON
    },  # §4.7: not supervised; usage and packages are never refundable
    web_scan=True,  # §2.7
    upgrades=True,  # saas-v2 §8
    joint_sign_in=True,  # openapi-jointkit §B.1
    # The interface, not the form, returns the delivery data (§2.9); its cases are debugged (§2.5).
    flow_if_wanted="provisioned",
    fields=(*QUESTIONS, SUPERVISED),
    proofs=(SOFTWARE_COPYRIGHT,),
    rules=(check_addresses, check_supervised_charging),
)
