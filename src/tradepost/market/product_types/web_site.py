"""Questions for kinds whose products may have a website, which must pass a check before the product is sold (business-rules
§2.7)."""

from __future__ import annotations

from collections.abc import Iterator

from tradepost.protocols.text import Text

from .contract import YES, Answer, Fault, Question
from .facts import ProductFacts

RULE = "2.7"
HAS_WEB_SITE, FRONT, ADMIN = "web_site", "web_site_front", "web_site_admin"

QUESTIONS = (
    Question(
        code=HAS_WEB_SITE,
        label=Text(en="Has the product a front or admin web site?", zh="商品是否有前台或管理后台网站？"),
        section=RULE,
        help=Text(
            en="Every web site that buyers or their administrators open. It must have passed the web check.",
            zh="指用户或其管理员访问的任何网站，须先通过网站安全检测。",
        ),
        answer=Answer.YES_NO,
    ),
    Question(
        code=FRONT,
        label=Text(en="Address of the front web site", zh="前台网站地址"),
        section=RULE,
        help=Text(
            en="As in your list of web checks, for example https://app.example.com/.",
            zh="须与“网站检测”中的地址一致，例如 https://app.example.com/。",
        ),
        required=False,
        most=512,
    ),
    Question(
        code=ADMIN,
        label=Text(en="Address of the admin web site, if it is another", zh="管理后台网站地址（与前台不同时填写）"),
        section=RULE,
        required=False,
        most=512,
    ),
)


def check_addresses(facts: ProductFacts) -> Iterator[Fault]:
    """Check that a product with a website names its addresses, and one without names none."""
    answers = facts.answers
    answer, filled = (
        answers.get(HAS_WEB_SITE, "").strip(),
        [name for name in (FRONT, ADMIN) if answers.get(name, "").strip()],
    )
    if answer == YES and not filled:
        yield Fault(
            code="web_site.address", field=FRONT, rule=RULE,
            words=Text(en="Enter the address of the web site.", zh="请填写网站地址。"),
        )  # fmt: skip
