"""Documents that several kinds require. Only reviewing operators see them (business-rules §2.3)."""

from tradepost.protocols.text import Text

from .contract import Proof

SOFTWARE_COPYRIGHT = Proof(
    code="software_copyright",
    label=Text(en="Software copyright certificate", zh="软件著作权登记证书"),
    section="2.3",
    help=Text(
        en="Its owner is your company, and the software has the product's name.",
        zh="著作权人须为本公司，软件名称须与商品名称一致。",
    ),
)
