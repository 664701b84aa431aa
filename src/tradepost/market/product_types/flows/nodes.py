"""Nodes that several flows share."""

from __future__ import annotations

from tradepost.protocols.text import Text

from .contract import Act, Effect, Entry, Move, Node, Party, Refundable

REASON = Entry(code="words", label=Text(en="Reason", zh="原因"), most=1000)
FILES = Entry(code="files", label=Text(en="Documents", zh="附件"), files=True, required=False, most=10)
START_DAY = Entry(
    code="started", label=Text(en="In use since (empty: from the acceptance on)", zh="实际开始使用日期（不填则自验收之日起）"),
    required=False, most=10,
)  # fmt: skip

DEMAND = Node(
    code="demand",
    title=Text(en="Requirements", zh="提交需求"),
    waits=Text(en="The buyer submits the requirements.", zh="等待用户提交需求。"),
    owner=Party.BUYER,
    refundable=Refundable.WHOLE,
    moves=(
        Move(
            act=Act.DEMAND, by=Party.BUYER, label=Text(en="Submit the requirements", zh="提交需求"), to="confirm",
            entries=(Entry(code="words", label=Text(en="Requirements", zh="需求说明"), most=2000), FILES),
        ),
    ),
)  # fmt: skip

CONFIRM = Node(
    code="confirm",
    title=Text(en="Confirmation", zh="确认需求"),
    waits=Text(
        en="The seller confirms the requirements, or says what is missing.", zh="等待商家确认需求，或说明需要补充的内容。"
    ),
    owner=Party.SELLER,
    refundable=Refundable.WHOLE,
    moves=(
        Move(act=Act.CONFIRM, by=Party.SELLER, label=Text(en="Confirm", zh="确认需求"), to="deliver"),
        Move(
            act=Act.REFUSE, by=Party.SELLER, label=Text(en="Request more details", zh="退回需求"), to="demand",
            entries=(REASON,),
        ),
    ),
)  # fmt: skip

ACCEPT = Node(
    code="accept",
    title=Text(en="Acceptance", zh="用户验收"),
    waits=Text(
        en="The buyer checks the delivery and accepts or rejects it.",
        zh="等待用户核对交付结果并确认验收或驳回。",
    ),
    owner=Party.BUYER,
    moves=(
        Move(
            act=Act.ACCEPT, by=Party.BUYER, label=Text(en="Accept", zh="确认验收"), more_to="deliver",
            effects=frozenset({Effect.ACCEPTED}),
        ),
        Move(
            act=Act.REJECT, by=Party.BUYER, label=Text(en="Reject", zh="驳回"), to="deliver", entries=(REASON, FILES),
            effects=frozenset({Effect.REJECTED}),
        ),
    ),
)  # fmt: skip

REVIEW = Node(
    code="review",
    title=Text(en="Operator's review", zh="运营人员复核"),
    waits=Text(en="An operator reviews the evidence of delivery.", zh="等待运营人员复核交付材料。"),
    owner=Party.OPERATOR,
    moves=(
        Move(act=Act.PASS, by=Party.OPERATOR, label=Text(en="Approve", zh="复核通过"), to="accept"),
        Move(
            act=Act.SEND_BACK, by=Party.OPERATOR, label=Text(en="Send back", zh="退回补充"), to="deliver",
            entries=(REASON,),
        ),
    ),
)  # fmt: skip


def delivery_node(
    *, evidence: bool, starts: bool = True, to: str = "accept", refundable: Refundable = Refundable.REST
) -> Node:
    """Return the node at which the seller delivers and documents the delivery. ``evidence``: whether a document is
    required (§2.10).

    ``starts``: whether the seller may state since when it is in use. ``to``: the next node; only acceptance can have
    a review before it."""
    evidence_entry = Entry(
        code="files", label=Text(en="Evidence of delivery", zh="交付证明"), files=True, required=evidence, most=10
    )
    return Node(
        code="deliver",
        title=Text(en="Delivery", zh="商家交付"),
        waits=Text(
            en="The seller delivers and submits the evidence.", zh="等待商家完成实施并上传交付材料。"
        ),
        owner=Party.SELLER,
        refundable=refundable,
        moves=(
            Move(
                act=Act.DELIVER, by=Party.SELLER, label=Text(en="Submit the delivery", zh="提交交付"),
                to=to, reviewed_to="review" if to == "accept" else "", effects=frozenset({Effect.STARTS}),
                entries=(
                    Entry(code="words", label=Text(en="Delivery notes", zh="交付说明"), most=2000), evidence_entry,
                    *((START_DAY,) if starts else ()),
                ),
            ),
        ),
    )  # fmt: skip
