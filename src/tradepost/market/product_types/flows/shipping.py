"""Shipping: the buyer enters an address, the seller sends the goods, and the buyer accepts them, or the market after
ten days (business-rules §2.10: hardware). Goods are returned before the refund (§4.7)."""

from tradepost.market.product_types.flows.contract import (
    Act,
    Effect,
    Entry,
    Flow,
    Move,
    Node,
    Party,
    Refundable,
    TimeLimit,
)
from tradepost.market.product_types.flows.nodes import FILES, REASON
from tradepost.protocols.text import Text

ACCEPT = Text(en="Accept", zh="确认收货")
KEEP_LABEL, TAKE_BACK_LABEL = (
    Text(en="Keep the goods after all", zh="不退货，继续验收"),
    Text(en="The goods have come back", zh="已收到退货，退款"),
)
PARCEL = (
    Entry(code="carrier", label=Text(en="Carrier", zh="承运商"), most=64),
    Entry(code="parcel", label=Text(en="Parcel number", zh="运单号"), most=64),
    FILES,
)
PAID_BACK_EFFECT, KEPT_EFFECT = frozenset({Effect.PAID_BACK}), frozenset({Effect.KEPT})
FLOW = Flow(
    code="shipping",
    version=2,
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
                    entries=PARCEL,
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
            agreed_to="return",
            moves=(
                Move(act=Act.ACCEPT, by=Party.BUYER, label=ACCEPT, effects=frozenset({Effect.ACCEPTED})),
                Move(act=Act.ACCEPT, by=Party.MARKET, label=ACCEPT, effects=frozenset({Effect.ACCEPTED})),
                Move(
                    act=Act.REJECT, by=Party.BUYER, label=Text(en="Reject", zh="驳回"), to="deliver",
                    entries=(REASON, FILES), effects=frozenset({Effect.REJECTED}),
                ),
            ),
        ),
        Node(
            code="return",
            title=Text(en="Return", zh="用户退货"),
            waits=Text(
                en="The buyer sends the goods back. Who sends nothing in time keeps them, and goes on with the receipt.",
                zh="等待用户寄回商品并填写退货物流；逾期未填写视为撤回退款，继续收货验收。",
            ),
            owner=Party.BUYER,
            refundable=Refundable.NOTHING,
            auto=Act.KEEP,
            within=TimeLimit.RETURN,
            moves=(
                Move(
                    act=Act.SHIP_BACK, by=Party.BUYER, label=Text(en="Sent back", zh="提交退货物流"), to="returned",
                    entries=PARCEL,
                ),
                Move(act=Act.KEEP, by=Party.BUYER, label=KEEP_LABEL, to="accept", effects=KEPT_EFFECT),
                Move(act=Act.KEEP, by=Party.MARKET, label=KEEP_LABEL, to="accept", effects=KEPT_EFFECT),
                Move(
                    act=Act.TAKE_BACK, by=Party.SELLER, label=Text(en="Pay back without the goods", zh="无需退货，直接退款"),
                    effects=PAID_BACK_EFFECT,
                ),
            ),
        ),
        Node(
            code="returned",
            title=Text(en="Goods come back", zh="商家确认退货"),
            waits=Text(
                en="The seller confirms that the goods have come back, or asks the operator to decide. After the time all is paid back.",
                zh="等待商家确认收到退货；如有异议请申请运营裁定，逾期未处理将自动退款。",
            ),
            owner=Party.SELLER,
            refundable=Refundable.NOTHING,
            auto=Act.TAKE_BACK,
            within=TimeLimit.RETURNED,
            moves=(
                Move(act=Act.TAKE_BACK, by=Party.SELLER, label=TAKE_BACK_LABEL, effects=PAID_BACK_EFFECT),
                Move(act=Act.TAKE_BACK, by=Party.MARKET, label=TAKE_BACK_LABEL, effects=PAID_BACK_EFFECT),
            ),
        ),
    ),
)  # fmt: skip
