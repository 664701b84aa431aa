"""A chapter of history.py: second objects in states that two buttons end, for the crawl that presses both."""

from __future__ import annotations


def spares(_seller_url: str) -> dict[str, str]:
    from tests.browser import entering, history
    from tests.browser.asking import _demand
    from tests.factories import make_refund
    from tests.factories.people import make_buyer, make_member
    from tests.factories.transfers import announce, came, show
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.compute import orphans
    from tradepost.market.compute.contract import OwnedServer
    from tradepost.market.identity.menus import VIEWER
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.payments import unmatched
    from tradepost.market.review import submit
    from tradepost.market.service_desk import customer_demands
    from tradepost.market.web.service_desk import desk_rules_now

    now = clock.now()
    buyer = User.objects.get(email="buyer@lantian.example")
    for words in ("考勤机的对接服务，三个厂区。", "电子合同归档，每月约两百份。", "仓库盘点小程序，要支持扫码。"):
        _demand(buyer, words)
    seller, operator = Seller.objects.get(slug="qingxie"), User.objects.filter(operator_role="owner").earliest("pk")
    for words in ("质检报告要自动编号。", "排班表要能导出。"):
        asked = _demand(buyer, words).demand
        customer_demands.forward_to_seller(
            asked, seller, "请看看。", by=operator.email, rules=desk_rules_now(), now=now
        )
    lost = [
        OwnedServer(server_id=f"server-{n}", token=f"server-{n}", order=f"CS261129090{n}Q7M2K4", name=f"db-{n}")
        for n in (5, 6, 7, 8)
    ]
    orphans.record_unowned("memory", lost, place="sandbox", now=now)
    orphans.exempt_orphan(orphans.orphans().latest("pk").pk, actor=operator.email, now=now)
    unmatched.record(came("ICBC-20261126-0043", 64_000), by=operator, now=now)
    for email in ("payer@late.example", "sender@late.example"):
        show(announce(make_buyer(email=email, balance="0", now=now), 66_000, now=now), now=now)
    for name in ("spare", "other"):
        application = entering._applicant(name)
        entering._send(application)
        submit.record_passed_checks(application.pk, settings=config(), now=now)
    make_member(seller, make_buyer(email="colleague@qingxie.example", balance="0", now=now), VIEWER)
    for _ in range(2):
        make_refund(history.opened("yunjian-docs"), status="appealed", reason="商家没有答复。")
    for _ in range(2):
        history._buy("kelai-crm", pay=False, quantity=10)
    return {}
