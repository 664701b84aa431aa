"""Deploy: the buyer installs a package and confirms that it runs (business-rules §2.10: license package
deployment)."""

from tradepost.market.product_types.flows.contract import Act, Effect, Flow, Move, Node, Party
from tradepost.protocols.text import Text

FLOW = Flow(
    code="deploy",
    version=1,
    title=Text(en="Deployment", zh="部署确认"),
    nodes=(
        Node(
            code="deploy",
            title=Text(en="Deployment", zh="部署确认"),
            waits=Text(
                en="The buyer installs the package and confirms that it runs.", zh="等待用户完成部署并确认。"
            ),
            owner=Party.BUYER,
            moves=(
                Move(
                    act=Act.ACCEPT, by=Party.BUYER, label=Text(en="It runs", zh="确认部署完成"),
                    effects=frozenset({Effect.ACCEPTED}),
                ),
            ),
        ),
    ),
)  # fmt: skip
