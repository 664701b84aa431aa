"""Provisioned: the buyer submits requirements, the seller prepares the service, and the buyer accepts. Then the
seller's interface opens it (business-rules §2.10: supervised SaaS; joint.md §2)."""

from tradepost.market.product_types.flows.contract import Flow, Provision
from tradepost.market.product_types.flows.nodes import ACCEPT, CONFIRM, DEMAND, REVIEW, delivery_node
from tradepost.protocols.text import Text

FLOW = Flow(
    code="provisioned",
    version=1,
    title=Text(en="Demand, preparation, acceptance, opening", zh="提交需求、实施、验收、开通"),
    provision=Provision.AT_ACCEPTANCE,
    nodes=(DEMAND, CONFIRM, delivery_node(evidence=True, starts=False), REVIEW, ACCEPT),
)
