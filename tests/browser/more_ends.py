"""A chapter of history.py: submissions, files, web checks, invitations, exports and appeals that ended in ways that no
other chapter has. It runs after ``more_states``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
    from tradepost.market.identity.models import Seller, User


def more_ends(_seller_url: str) -> dict[str, str]:
    from tradepost.market.identity.models import Seller, User

    operator = User.objects.get(email="operator@market.example")
    seller = Seller.objects.get(slug="qingxie")
    _appeals(operator)
    _files(seller, operator)
    _web_checks(seller)
    _invitations(seller, operator)
    _exports(operator)
    return {}


def _appeals(operator: User) -> None:
    """Create disputes about deliveries, decided in each way."""
    from tests.browser.more_states import _bought
    from tests.browser.supervised import _acts
    from tests.factories.products import ONCE
    from tests.market.supervision.supervising import TO_ACCEPT
    from tradepost.market.base import clock
    from tradepost.market.product_types.flows.contract import Party
    from tradepost.market.supervision.appeal import appeal, decide
    from tradepost.market.supervision.models import Appeal
    from tradepost.market.web.supervision_view import clocks_now

    what = {"product_type": "MANUAL_SERVICE", "slug": "yunjian-advice", "name": "云笺咨询", "name_en": "Yunjian Advice"}
    decisions = [decision for decision in Appeal.Decision if decision.value]
    for one, decision in zip(_bought(what, len(decisions), prices=(ONCE,)), decisions, strict=True):
        for party, act in TO_ACCEPT:
            _acts(one, party, act)
        appeal(one.pk, Party.BUYER, "报告只有两页。", (), by=one.buyer, clocks=clocks_now(), now=clock.now())
        decide(one.pk, decision, "已核对双方材料。", by=operator, clocks=clocks_now(), now=clock.now())


def _files(seller: Seller, operator: User) -> None:
    """Create a file that its seller withdrew, and one that an operator rejected."""
    from tests.factories.assets import make_asset, owner_of, package, upload_version
    from tradepost.market.assets.asset_models import AssetVersion
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.review import asset_files, decide
    from tradepost.market.review.registry import review_kind

    asset, settings = make_asset(seller, name="云笺客户端"), config()
    for label in ("4.0.0", "4.1.0"):
        content = package(**{"bin/client": label.encode()})
        version = upload_version(asset, content, label=label, file_name="client.zip", now=clock.now())
        until(lambda: AssetVersion.objects.get(pk=version.pk).status == "review", "the file is checked")  # noqa: B023  # awaited at once
        submission = until(lambda: asset_files.submission_of(version), "an operator is asked")  # noqa: B023  # awaited at once
        assert submission is not None
        if label == "4.0.0":
            decide.withdraw(submission, by=owner_of(seller), settings=settings, now=clock.now())
        else:
            reasons = {review_kind(submission.kind).sections[0].code: "安装包无法启动。"}
            decide.reject(submission, reasons=reasons, by=operator, settings=settings, now=clock.now())


def _web_checks(seller: Seller) -> None:
    """Create a site that does not answer, and a check that its seller stopped."""
    from tests.factories.companies import owner_of
    from tests.factories.web_tasks import CONTACT, LIMITS
    from tradepost.market.base import clock
    from tradepost.market.base.outbound_policy import SANDBOX
    from tradepost.market.web_scan import scan, tasks
    from tradepost.market.web_scan.models import WebScan

    owner, now = owner_of(seller), clock.now()
    for page in ("away", "stopped"):
        task = tasks.create_task(
            seller, f"http://localhost:9/{page}", CONTACT, by=owner, outbound=SANDBOX, most=50, now=now
        )
        run = scan.start(task, by=owner, limits=LIMITS, now=now)
        if page == "stopped":
            scan.stop(run, now=now)
        until(lambda: WebScan.objects.get(pk=run.pk).status != WebScan.Status.RUNNING, "the check ends")  # noqa: B023  # awaited at once


def _invitations(seller: Seller, operator: User) -> None:
    """Create an invitation of each side that was revoked."""
    from tradepost.market.base import clock
    from tradepost.market.identity import groups, market_invitations, members, operator_invitations
    from tradepost.market.identity.market_invitations import find
    from tradepost.market.identity.opening_models import MarketInvitation
    from tradepost.market.identity.operator_models import OperatorInvitation

    now, week = clock.now(), timedelta(days=7)
    operator_invitations.invite("former@market.example", "auditor", by=operator, valid=week, now=now)
    asked = OperatorInvitation.objects.get(email="former@market.example")
    operator_invitations.revoke(asked, by=operator, now=now)
    market_invitations.invite("buyer", "former@later.example", language="en", by=operator, valid=week, now=now)
    invited = find(MarketInvitation.objects.get(email="former@later.example").pk)
    assert invited is not None
    market_invitations.withdraw(invited, by=operator, now=now)
    owner = seller.members.select_related("seller", "user").earliest("pk")
    viewer = [groups.built_in(seller, "viewer")]
    made = members.invite(seller, "former@qingxie.example", groups=viewer, by=owner, most=50, valid=week, now=now)
    members.revoke(made.invitation, by=owner, now=now)


def _exports(operator: User) -> None:
    """Create exports that failed and that were cancelled."""
    from tests.factories.exports import make_export
    from tradepost.market.base import clock
    from tradepost.market.exports.models import Export

    now = clock.now()
    for status in (Export.Status.FAILED, Export.Status.CANCELLED):
        made = make_export(operator, "console:refunds", "/console/refunds/", now=now)
        Export.objects.filter(pk=made.pk).update(status=status, name="", rows=0, size=0, sha256="")
