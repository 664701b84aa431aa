"""Shipping: the buyer says where to, the seller sends goods by a carrier, and the buyer accepts them, or the market does after ten
days (business-rules §2.10: hardware)."""

from tradepost.market.product_types.flows.contract import Act, Effect, Entry, Flow, Move, Node, Party, Refundable
from tradepost.market.product_types.flows.nodes import FILES, REASON
from tradepost.protocols.text import Text

ACCEPT = Text(en="Accept", zh="确认收货")
FLOW = Flow(
    code="shipping",
    version=1,
    title=Text(en="Shipping and receipt", zh="发货、收货"),
    nodes=(
        Node(
            code="receiver",
            title=Text(en="Address", zh="填写收货地址"),
            waits=Text(en="The buyer says where the goods are to be sent.", zh="等待用户填写收货信息。"),
            owner=Party.BUYER,
            refundable=Refundable.WHOLE,
            moves=(
                Move(
                    act=Act.DEMAND, by=Party.BUYER, label=Text(en="Save the address", zh="提交收货信息"), to="deliver",
                    entries=(
                        Entry(code="name", label=Text(en="Receiver", zh="收货人"), most=64),
                        Entry(code="phone", label=Text(en="Telephone", zh="联系电话"), most=32),
                        Entry(code="address", label=Text(en="Address", zh="收货地址"), most=300),
                    ),
                ),
            ),
        ),
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
