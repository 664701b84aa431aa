"""Online license: the buyer enters the machine's code, the seller's server is called, and the license arrives for
that event or by hand. Then the buyer accepts (business-rules §2.10: license online; saas-v1-license §B3). The
payment opens its instance."""

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
from tradepost.market.product_types.flows.nodes import ACCEPT, FILES, REASON
from tradepost.protocols.text import Text

FINGERPRINT = "fingerprint"
DELIVERED = Text(en="The license is there", zh="License 已交付")
FLOW = Flow(
    code="license_online",
    version=1,
    title=Text(en="Code of the machine, license, acceptance", zh="提交系统码或硬件码、交付 License、验收"),
    provision=Provision.AT_PAYMENT,
    nodes=(
        Node(
            code="code",
            title=Text(en="Code of the machine", zh="提交系统码或硬件码"),
            waits=Text(
                en="The buyer says for which machine the license is.", zh="等待用户提交设备的系统码或硬件码。"
            ),
            owner=Party.BUYER,
            refundable=Refundable.WHOLE,
            moves=(
                Move(
                    act=Act.DEMAND, by=Party.BUYER, label=Text(en="Apply for the license", zh="申请 License"),
                    to="deliver", effects=frozenset({Effect.APPLIES}),
                    entries=(
                        Entry(
                            code=FINGERPRINT, required=False, most=1024,
                            label=Text(
                                en="System or hardware code, as the software shows it (empty where it shows none)",
                                zh="系统码或硬件码（软件启动时显示；不显示则留空）",
                            ),
                        ),
                    ),
                ),
            ),
        ),
        Node(
            code="deliver",
            title=Text(en="License", zh="商家交付 License"),
            waits=Text(
                en="The seller makes the license and sends it to this market, or hands it over and says so here.",
                zh="等待商家制作 License 并上传；也可线下交付后在此说明。",
            ),
            owner=Party.SELLER,
            moves=(
                Move(act=Act.DELIVER, by=Party.MARKET, label=DELIVERED, to="accept"),
                Move(
                    act=Act.REFUSE, by=Party.MARKET, to="code",
                    label=Text(en="The seller's server grants no license", zh="商家系统未签发 License"),
                ),
                Move(
                    act=Act.DELIVER, by=Party.SELLER, to="accept",
                    label=Text(en="Delivered by hand", zh="已线下交付"),
                    entries=(
                        Entry(code="words", label=Text(en="How it was handed over", zh="交付说明"), most=2000), FILES,
                    ),
                ),
                Move(
                    act=Act.REFUSE, by=Party.SELLER, to="code", entries=(REASON,),
                    label=Text(en="Ask for another code", zh="退回，请用户重新提交"),
                ),
            ),
        ),
        ACCEPT,
    ),
)  # fmt: skip
