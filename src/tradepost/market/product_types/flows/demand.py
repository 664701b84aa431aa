"""Demand: the buyer says what is wanted, the seller confirms it, delivers, and the buyer accepts (business-rules §2.10: manual
service, data file)."""

from tradepost.market.product_types.flows.contract import Act, Entry, Flow, Move, Node, Party, Refundable
from tradepost.market.product_types.flows.nodes import ACCEPT, FILES, REASON, REVIEW, delivering
from tradepost.protocols.text import Text

FLOW = Flow(
    code="demand",
    version=1,
    title=Text(en="Demand, delivery, acceptance", zh="提交需求、实施、验收"),
    file_after=Act.DELIVER,
    nodes=(
        Node(
            code="demand",
            title=Text(en="Demand", zh="提交需求"),
            waits=Text(en="The buyer says what is wanted.", zh="等待用户提交需求。"),
            owner=Party.BUYER,
            refundable=Refundable.WHOLE,
            moves=(
                Move(
                    act=Act.DEMAND, by=Party.BUYER, label=Text(en="Hand in the demand", zh="提交需求"), to="confirm",
                    entries=(Entry(code="words", label=Text(en="What is wanted", zh="需求说明"), most=2000), FILES),
                ),
            ),
        ),
        Node(
            code="confirm",
            title=Text(en="Confirmation", zh="确认需求"),
            waits=Text(
                en="The seller confirms the demand, or says what is missing.", zh="等待商家确认需求，或说明需要补充的内容。"
            ),
            owner=Party.SELLER,
            refundable=Refundable.WHOLE,
            moves=(
                Move(act=Act.CONFIRM, by=Party.SELLER, label=Text(en="Confirm", zh="确认需求"), to="deliver"),
                Move(
                    act=Act.REFUSE, by=Party.SELLER, label=Text(en="Ask for more", zh="退回需求"), to="demand",
                    entries=(REASON,),
                ),
            ),
        ),
        delivering(evidence=True),
        REVIEW,
        ACCEPT,
    ),
)  # fmt: skip
