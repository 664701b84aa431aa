"""Provisioned: the buyer says what is wanted, the seller prepares it, the buyer accepts, and then the seller's interface opens it
(business-rules §2.10: supervised SaaS; joint.md §2)."""

from tradepost.market.product_types.flows.contract import Flow, Provision
from tradepost.market.product_types.flows.nodes import ACCEPT, CONFIRM, DEMAND, REVIEW, delivering
from tradepost.protocols.text import Text

FLOW = Flow(
    code="provisioned",
    version=1,
    title=Text(en="Demand, preparation, acceptance, opening", zh="提交需求、实施、验收、开通"),
    provision=Provision.AT_ACCEPTANCE,
    nodes=(DEMAND, CONFIRM, delivering(evidence=True, starts=False), REVIEW, ACCEPT),
)
