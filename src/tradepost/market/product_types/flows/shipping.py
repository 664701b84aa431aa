"""Shipping: the seller sends goods by a carrier; the buyer accepts them, or the market does ten days after they came
(business-rules §2.10: hardware)."""

from tradepost.market.product_types.flows.contract import Act, Effect, Entry, Flow, Move, Node, Party
from tradepost.market.product_types.flows.nodes import FILES, REASON
from tradepost.protocols.text import Text

ACCEPT = Text(en="Accept", zh="确认收货")
FLOW = Flow(
    code="shipping",
    version=1,
    title=Text(en="Shipping and receipt", zh="发货、收货"),
    nodes=(
        Node(
            code="deliver",
            title=Text(en="Shipping", zh="商家发货"),
            waits=Text(en="The seller sends the goods.", zh="等待商家发货。"),
            owner=Party.SELLER,
            moves=(
                Move(
                    act=Act.SHIP, by=Party.SELLER, label=Text(en="Sent", zh="提交发货信息"), to="accept",
                    entries=(
                        Entry(code="carrier", label=Text(en="Carrier", zh="承运商"), most=64),
                        Entry(code="parcel", label=Text(en="Parcel number", zh="运单号"), most=64),
                        FILES,
                    ),
                ),
            ),
        ),
        Node(
            code="accept",
            title=Text(en="Receipt", zh="用户收货"),
            waits=Text(
                en="The buyer receives the goods, checks them, and accepts or rejects them.",
                zh="等待用户收货核对并确认收货或驳回。",
            ),
            owner=Party.BUYER,
            auto=Act.ACCEPT,
            moves=(
                Move(act=Act.ACCEPT, by=Party.BUYER, label=ACCEPT, effects=frozenset({Effect.ACCEPTED})),
                Move(act=Act.ACCEPT, by=Party.MARKET, label=ACCEPT, effects=frozenset({Effect.ACCEPTED})),
                Move(
                    act=Act.REJECT, by=Party.BUYER, label=Text(en="Reject", zh="驳回"), to="deliver",
                    entries=(REASON, FILES), effects=frozenset({Effect.REJECTED}),
                ),
            ),
        ),
    ),
)  # fmt: skip
