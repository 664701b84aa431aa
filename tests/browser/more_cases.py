"""A chapter of history.py: tables and password files of an enterprise, demands, complaints and refunds in the states
that no other chapter leaves behind. It runs after ``enterprise`` and ``ask``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from tests.waiting import until

if TYPE_CHECKING:
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.organisations.models import ImportRun, PasswordFile


def more_cases(_seller_url: str) -> dict[str, str]:
    from tradepost.market.identity.models import Seller, User

    buyer = User.objects.get(email="buyer@lantian.example")
    operator = User.objects.get(email="operator@market.example")
    seller = Seller.objects.get(slug="qingxie")
    made = _enterprise()
    _desk(buyer, seller, operator)
    _refunds(seller, operator)
    return made


def _enterprise() -> dict[str, str]:
    """Create password files, one to download and one deleted, a revoked invitation and one more, and a dissolved
    enterprise."""
    from tests.browser.enterprising import _invited
    from tests.factories.organisations import head_office, make_admin
    from tests.factories.people import make_buyer
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.organisations import import_members, invite, password_files
    from tradepost.market.organisations.enterprise import end
    from tradepost.market.organisations.models import ImportRun, Invitation, Member

    now = clock.now()
    admin = Member.objects.select_related("enterprise", "user").filter(enterprise__code="lantian", role="admin")[0]
    wrong = ImportRun.objects.get(enterprise=admin.enterprise, status=ImportRun.Status.CHECKED)
    import_members.discard(wrong, by=admin, now=now)  # while it is open, no other table can be uploaded

    def handed_in(table: str) -> ImportRun:
        run = import_members.upload(
            admin.enterprise, "成员.csv", table.encode(), by=admin, files=import_members.folder(config().files),
            bounds=import_members.limits_of(config().organisations), now=now,
        )  # fmt: skip
        until(lambda: ImportRun.objects.get(pk=run.pk).status == "checked", "the table is checked")
        return run

    runs = []
    for line in ("wu.yi,吴一,RD", "zheng.er,郑二,RD", "feng.san,冯三,RD"):
        run = handed_in(f"账号,姓名,部门\n{line}\n")
        import_members.confirm(run, by=admin, now=now)
        until(lambda: ImportRun.objects.get(pk=run.pk).status == "done", "the table is imported")  # noqa: B023  # awaited at once
        runs.append(run)
    files = []
    for run in runs[:2]:  # nobody of the third has a password yet
        password_files.start(admin.enterprise, run, by=admin, now=now)
        files.append(_password_file(run))
    password_files.delete(files[1], by=admin, now=now)
    again = handed_in("账号,姓名,部门\nsun.ba,孙八,NOWHERE\n,吴九,RD\n")
    known = Invitation.objects.filter(enterprise=admin.enterprise, status="pending").earliest("pk")
    invite.revoke(known, by=admin, now=now)
    _invited(admin, head_office(admin.enterprise).pk)
    other = make_admin(
        make_buyer(email="founder@dissolved.example", balance="0", now=now), code="gone", name="已解散企业", now=now
    )
    end(other.enterprise, now=now)
    return {"import wrong": str(again.pk)}


def _password_file(run: ImportRun) -> PasswordFile:
    """Return the file with the passwords of the members that this table added, once it can be downloaded."""
    from tradepost.market.organisations.models import PasswordFile

    file = PasswordFile.objects.get(run=run)
    until(lambda: PasswordFile.objects.get(pk=file.pk).status == "ready", "the passwords are made")
    return file


# --- the service desk ---------------------------------------------------------------------------------------------------


def _desk(buyer: User, seller: Seller, operator: User) -> None:
    """Create demands and complaints with each outcome, one of them with a document."""
    from tests.browser.asking import _demand
    from tests.factories.transfers import document
    from tradepost.market.base import clock
    from tradepost.market.service_desk import customer_demands, demand_answers, demands
    from tradepost.market.service_desk.complaints import (
        RaiseComplaint,
        Subject,
        complain,
        decide,
        reply,
        time_out,
        withdraw,
    )
    from tradepost.market.subscriptions.models import Subscription
    from tradepost.market.web.service_desk import desk_rules_now

    now, rules = clock.now(), desk_rules_now()
    closed, gone, offered, declined, late, answered = (
        _demand(buyer, f"需要一套{name}系统，约 30 人使用。").demand
        for name in ("会议预约", "访客登记", "合同审批", "费用报销", "车辆调度", "物资申领")
    )
    demand_answers.close(closed, "这是一则广告。", by=operator.email, now=now)
    demands.withdraw(gone, now=now)
    passed = [
        customer_demands.forward_to_seller(one, seller, "请看看。", by=operator.email, rules=rules, now=now)
        for one in (offered, declined, late, answered)
    ]
    by = seller.members.earliest("pk").user.email
    customer_demands.answer_with_offer(
        passed[0], customer_demands.Offer(by=by, words="可以交付。", product=None), now=now
    )
    customer_demands.decline(passed[1], "没有这类产品。", by=by, rules=rules, now=now)
    with transaction.atomic():
        customer_demands.time_out({"customer_demand": passed[2].pk}, now, rules=rules)
    said = demand_answers.Answer(by=operator.email, words="已由其他渠道解决。")
    demand_answers.answer(answered, said, now=now)

    held = list(Subscription.objects.filter(buyer=buyer, seller=seller).order_by("-pk")[1:6])
    proof = document(buyer, seller=seller, now=now).sha256
    silent, replied, dismissed, given_up, _asked = (
        complain(
            buyer, RaiseComplaint(about=Subject(seller=seller, product=one.product, subscription=one), reason="support", text="报修没有处理。", proofs=(proof,)),
            rules=rules, a_day=50, now=now - timedelta(days=2),  # a buyer can complain five times a day
        )
        for one in held
    )  # fmt: skip
    with transaction.atomic():
        time_out({"complaint": silent.pk}, now)
    for one in (replied, dismissed):
        reply(one, "工程师已经联系用户。", by=seller.members.earliest("pk").user, now=now)
    decide(dismissed, "商家按约定处理了。", upheld=False, by=operator, rules=rules, now=now)
    withdraw(given_up, now=now)


def _refunds(seller: Seller, operator: User) -> None:
    """Create refund requests that the seller rejected, an operator rejected and the buyer withdrew, each with a
    document."""
    from tests.browser import history
    from tests.factories import make_refund
    from tests.factories.transfers import document
    from tradepost.market.assets.proofs import use_proofs
    from tradepost.market.base import clock
    from tradepost.market.orders import refund_requests
    from tradepost.market.orders.refund_requests import Decision, proofs_owner

    now, by = clock.now(), seller.members.earliest("pk").user
    rejected, appealed, withdrawn = (
        make_refund(history.opened("yunjian-docs"), status=status, now=now)
        for status in ("seller_review", "appealed", "seller_review")
    )
    for one in (rejected, appealed, withdrawn):
        proof = document(one.buyer, seller=one.seller, now=now)
        use_proofs(proofs_owner(one, "buyer"), [proof.sha256], seller=one.seller)
    words = "服务可以正常使用。"
    refund_requests.reject(rejected, Decision(by=by, by_operator=False, opinion=words), now=now)
    refund_requests.reject(appealed, Decision(by=operator, by_operator=True, opinion=words), now=now)
    refund_requests.withdraw(withdrawn, now=now)
