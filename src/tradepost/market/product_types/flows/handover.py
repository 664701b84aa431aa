"""Handover: the seller delivers without a demand, and the buyer accepts (business-rules §2.10: offline license,
application orchestration)."""

from tradepost.market.product_types.flows.contract import Act, Flow
from tradepost.market.product_types.flows.nodes import ACCEPT, REVIEW, delivery_node
from tradepost.protocols.text import Text

FLOW = Flow(
    code="handover",
    version=1,
    title=Text(en="Delivery and acceptance", zh="交付、验收"),
    file_after=Act.DELIVER,
    nodes=(delivery_node(evidence=True), REVIEW, ACCEPT),
)
