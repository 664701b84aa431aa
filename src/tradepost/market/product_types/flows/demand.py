"""Demand: the buyer says what is wanted, the seller confirms it, delivers, and the buyer accepts (business-rules §2.10: manual
service, data file)."""

from tradepost.market.product_types.flows.contract import Act, Flow
from tradepost.market.product_types.flows.nodes import ACCEPT, CONFIRM, DEMAND, REVIEW, delivering
from tradepost.protocols.text import Text

FLOW = Flow(
    code="demand",
    version=1,
    title=Text(en="Demand, delivery, acceptance", zh="提交需求、实施、验收"),
    file_after=Act.DELIVER,
    nodes=(DEMAND, CONFIRM, delivering(evidence=True), REVIEW, ACCEPT),
)
