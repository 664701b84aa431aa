"""Demand: the buyer submits requirements, the seller confirms and delivers, and the buyer accepts (business-rules
§2.10: manual service, data file)."""

from tradepost.market.product_types.flows.contract import Act, Flow
from tradepost.market.product_types.flows.nodes import ACCEPT, CONFIRM, DEMAND, REVIEW, delivery_node
from tradepost.protocols.text import Text

FLOW = Flow(
    code="demand",
    version=1,
    title=Text(en="Demand, delivery, acceptance", zh="提交需求、实施、验收"),
    file_after=Act.DELIVER,
    nodes=(DEMAND, CONFIRM, delivery_node(evidence=True), REVIEW, ACCEPT),
)
