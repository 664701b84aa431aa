"""Authorisation code: the seller prepares it, the buyer claims it, the software activates it, and the seller proves
its use (business-rules §2.10: license auth code; saas-v1-license §B2). There is no refund once the code is
claimed."""

from tradepost.market.product_types.flows.contract import (
    Act,
    Effect,
    Entry,
    Flow,
    Move,
    Node,
    Party,
    Provision,
    Refundable,
)
from tradepost.market.product_types.flows.nodes import REASON, delivery_node
from tradepost.protocols.text import Text

ACCEPTED_EFFECT = frozenset({Effect.ACCEPTED})
FLOW = Flow(
    code="license_code",
    version=1,
    title=Text(en="Preparation, code, activation, proof", zh="实施、领取授权码、激活、上传证明"),
    provision=Provision.AT_PAYMENT,
    nodes=(
        delivery_node(evidence=False, starts=False, to="take", refundable=Refundable.WHOLE),
        Node(
            code="take",
            title=Text(en="Taking the code", zh="领取授权码"),
            waits=Text(en="The buyer takes the authorisation code.", zh="等待用户领取授权码。"),
            owner=Party.BUYER,
            refundable=Refundable.WHOLE,
            moves=(
                Move(
                    act=Act.TAKE, by=Party.BUYER, label=Text(en="Reveal the code", zh="领取授权码"), to="activate",
                    effects=frozenset({Effect.TAKES}),
                ),
            ),
        ),
        Node(
            code="activate",
            title=Text(en="Activation", zh="激活授权码"),
            waits=Text(
                en="The buyer enters the code into the software, which activates it.",
                zh="等待用户在软件中输入授权码，由软件完成激活。",
            ),
            owner=Party.BUYER,
            refundable=Refundable.NOTHING,
            moves=(
                Move(
                    act=Act.ACTIVATE, by=Party.MARKET, to="proof",
                    label=Text(en="The software has activated the code", zh="软件已激活授权码"),
                ),
            ),
        ),
        Node(
            code="proof",
            title=Text(en="Proof", zh="上传交付证明"),
            waits=Text(
                en="The seller hands in the proof that the software is in use.", zh="等待商家上传软件已投入使用的证明材料。"
            ),
            owner=Party.SELLER,
            refundable=Refundable.NOTHING,
            moves=(
                Move(
                    act=Act.DELIVER, by=Party.SELLER, label=Text(en="Hand in the proof", zh="提交证明"),
                    reviewed_to="review", effects=ACCEPTED_EFFECT,
                    entries=(
                        Entry(
                            code="words", label=Text(en="What it shows", zh="证明说明"), required=False, most=2000
                        ),
                        Entry(code="files", label=Text(en="Proof", zh="证明材料"), files=True, most=10),
                    ),
                ),
            ),
        ),
        Node(
            code="review",
            title=Text(en="Operator's review", zh="运营人员复核"),
            waits=Text(en="An operator looks at the proof.", zh="等待运营人员复核证明材料。"),
            owner=Party.OPERATOR,
            refundable=Refundable.NOTHING,
            moves=(
                Move(
                    act=Act.PASS, by=Party.OPERATOR, label=Text(en="In order", zh="复核通过"), effects=ACCEPTED_EFFECT
                ),
                Move(
                    act=Act.SEND_BACK, by=Party.OPERATOR, label=Text(en="Send back", zh="退回补充"), to="proof",
                    entries=(REASON,),
                ),
            ),
        ),
    ),
)  # fmt: skip
