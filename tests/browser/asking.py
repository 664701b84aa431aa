"""The service desk chapter of history.py: demands in each relevant state, and complaints."""

from __future__ import annotations

from tradepost.market.base import clock
from tradepost.market.identity.models import Seller, User
from tradepost.market.service_desk import customer_demands, demand_answers
from tradepost.market.service_desk.complaints import RaiseComplaint, Subject, complain, decide, reply
from tradepost.market.service_desk.demands import Raised, RaiseDemand, raise_demand
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.service_desk import desk_rules_now


def ask(_seller_url: str) -> dict[str, str]:
    """Create a demand that waits, one sent to a seller, one answered with a product, a complaint that waits for the
    seller, and a decided one."""
    now, operator = clock.now(), User.objects.filter(operator_role="owner").earliest("pk")
    held = Subscription.objects.select_related("buyer", "product", "seller").filter(seller__slug="qingxie").latest("pk")
    seller = Seller.objects.get(slug="qingxie")
    waits, asked, answered = (_demand(held.buyer, words) for words in (
        "一套能离线使用的考勤系统，约 50 人，五月前上线，预算 2 万元。", "车间用的设备点检表，要能拍照上传。",
        "多人一起写的投标文件，要能看到谁改了哪一段。",
    ))  # fmt: skip
    passed = customer_demands.forward_to_seller(
        asked.demand, seller, "工厂网络不稳定。", by=operator.email, rules=desk_rules_now(), now=now
    )
    said = demand_answers.Answer(by=operator.email, words="云笺协作文档可以满足。", product=held.product_id)
    demand_answers.answer(answered.demand, said, now=now)
    about = Subject(seller=held.seller, product=held.product, subscription=held)
    open_one = complain(
        held.buyer, RaiseComplaint(about=about, reason="unreachable", text="打了三天电话没有人接，邮件也不回。"), rules=desk_rules_now(),
        a_day=5, now=now,
    )  # fmt: skip
    decided = complain(
        held.buyer, RaiseComplaint(about=Subject(seller=seller), reason="support", text="报修两周没有处理。"), rules=desk_rules_now(),
        a_day=5, now=now,
    )  # fmt: skip
    reply(decided, "已于昨日修复，并向用户致歉。", by=seller.members.earliest("pk").user, now=now)
    decide(decided, "处理超过约定时间。", upheld=True, by=operator, rules=desk_rules_now(), now=now)
    return {
        "demand": str(waits.demand.pk), "demand link": waits.token, "answered demand link": answered.token,
        "passed demand": str(passed.pk), "complaint": str(open_one.pk), "decided complaint": str(decided.pk),
        "complained service": str(held.pk),
    }  # fmt: skip


def _demand(buyer: User, words: str) -> Raised:
    asked = RaiseDemand(
        contact=buyer.name or "陈", email=buyer.email, phone="", requirement=words, language="zh-hans", buyer=buyer
    )
    return raise_demand(asked, rules=desk_rules_now(), allowed=None, now=clock.now())
