"""A chapter of history.py: deliveries, bindings, servers, products, companies and domains in the states that no other
chapter leaves behind, and services of every kind that the market delivers.

It runs after ``join``, ``image`` and ``supervise``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradepost.market.identity.models import Seller, User
    from tradepost.market.supervision.models import Supervision


def more_states(_seller_url: str) -> dict[str, str]:
    from tradepost.market.identity.models import Seller, User

    buyer = User.objects.get(email="buyer@lantian.example")
    operator = User.objects.get(email="operator@market.example")
    seller = Seller.objects.get(slug="qingxie")
    made = _deliveries() | _delivered_by_the_market(seller)
    _bindings(seller, buyer)
    _servers()
    _products(seller)
    _companies(operator)
    _lapsed_domain(seller)
    return made


# --- deliveries ---------------------------------------------------------------------------------------------------------


def _deliveries() -> dict[str, str]:
    """Create a delivery that its seller gave up, one whose service the seller's server does not open, and buyers'
    requests with each answer."""
    from tests.browser.history import DEAD
    from tests.browser.supervised import _acts
    from tests.factories.people import make_address
    from tests.factories.products import MONTHLY, ONCE
    from tests.market.supervision.supervising import TO_ACCEPT, person
    from tradepost.market.base import clock
    from tradepost.market.base.values import replace
    from tradepost.market.catalog.models import Product
    from tradepost.market.product_types.flows.contract import Act, Party
    from tradepost.market.supervision import cancel
    from tradepost.market.web.supervision_view import clocks_now

    seller, now, clocks = Product.objects.get(slug="yunjian-docs").seller, clock.now(), clocks_now()
    by_people = {
        "product_type": "MANUAL_SERVICE",
        "slug": "yunjian-training",
        "name": "云笺培训",
        "name_en": "Yunjian Training",
    }
    refunded, agreed, declined, withdrawn = _bought(by_people, 4, prices=(replace(ONCE, amount=Decimal(80)),))
    cancel.agree(refunded.pk, "讲师生病，无法按期交付。", by=person(refunded, Party.SELLER), clocks=clocks, now=now)
    for one in (agreed, declined, withdrawn):
        for party, what in TO_ACCEPT:
            _acts(one, party, what)
        cancel.request_refund(one.pk, "只需要一半的课时。", amount_minor=4_000, ends=False, now=now)
    cancel.agree(agreed.pk, "同意。", by=person(agreed, Party.SELLER), clocks=clocks, now=now)
    cancel.decline(declined.pk, "课时已全部排定。", now=now)
    cancel.withdraw(withdrawn.pk, now=now)

    address = make_address(seller, url=f"{DEAD}/supervised", now=now)
    opened = {"product_type": "SAAS", "slug": "yunjian-guided", "name": "云笺托管版", "name_en": "Yunjian Guided"}
    price = replace(MONTHLY, amount=Decimal(60))
    [accepted] = _bought(opened, 1, prices=(price,), address=address, bound=True, answers={"supervised": "yes"})
    for party, what in (*TO_ACCEPT, (Party.BUYER, Act.ACCEPT)):
        _acts(accepted, party, what)
    return {"refunded delivery": str(refunded.pk), "delivery to open": str(accepted.pk)}


def _bought(what: dict[str, str], number: int, **product: object) -> Sequence[Supervision]:
    """Return deliveries of a new product of the demo's seller that have started."""
    from tests.browser.history import _buy
    from tests.factories.products import make_product
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Product
    from tradepost.market.supervision.models import Supervision

    beside = Product.objects.get(slug="yunjian-docs")
    settled = {"bound": False} | product
    made = make_product(
        beside.seller, now=clock.now(), category=beside.category.slug, picture=beside.picture, summary="交付过程由平台监管。",
        summary_en="Delivered under supervision.", **what, **settled,  # type: ignore[arg-type]  # a table of fields
    )  # fmt: skip
    for _ in range(number):
        _buy(made.slug)
    own = Supervision.objects.filter(line__product=made).order_by("pk")
    until(lambda: own.exclude(node="").count() == number, f"the deliveries of {made.slug} begin")
    return list(own)


def _delivered_by_the_market(seller: Seller) -> dict[str, str]:
    """Create a service of each kind, and a license that came as a file."""
    from tests.browser import history
    from tests.factories.delivered import VALID_ANSWERS, delivered_product
    from tests.factories.licenses import deliver, uploaded_file
    from tests.factories.products import MONTHLY
    from tradepost.market.base import clock
    from tradepost.market.base.values import replace
    from tradepost.market.licenses.models import LicenseRequest

    cheap = replace(MONTHLY, amount=Decimal(1))
    for kind in VALID_ANSWERS:
        price = None if kind.startswith("API") else cheap
        answers = {"asset": _approved_file(seller, FILES[kind])} if kind in FILES else {}
        product = delivered_product(kind, seller, price=price, now=clock.now(), **answers)
        number = history._buy(product.slug)
        if kind == "APP_ORCHESTRATION":
            continue  # its seller delivers it
        if kind == "CONTAINER":
            _deployed(number)
        until(lambda: history._status(number) == "completed", f"{kind} is delivered")  # noqa: B023  # awaited at once
    promised = LicenseRequest.objects.filter(status=LicenseRequest.Status.PROMISED).earliest("pk")
    deliver(promised.seller_id, uploaded_file(promised.event_id, "machine.lic", b"seats=25\n"), now=clock.now())
    return {"license as a file": str(promised.pk)}


FILES = {"AI_ASSET": "file", "CONTAINER": "package"}
"""Kinds that deliver a file of their seller, and the kind of the file."""


def _approved_file(seller: Seller, kind: str) -> str:
    """Return the key of a file that the worker checked and an operator approved."""
    from tests.factories.assets import make_asset, package, upload_version
    from tradepost.market.assets.asset_models import AssetVersion
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.identity.models import User
    from tradepost.market.review import asset_files, decide
    from tradepost.market.review.cases import case_of
    from tradepost.market.review.registry import review_kind

    asset, settings = make_asset(seller, kind=kind, name=f"云笺 {kind}"), config()
    content = package(**{"weights.csv": f"crawl {kind}".encode()})
    version = upload_version(asset, content, label="3.0.0", file_name="model.zip", now=clock.now())
    until(lambda: AssetVersion.objects.get(pk=version.pk).status == "review", "the file is checked")
    submission = until(lambda: asset_files.submission_of(version), "an operator is asked")
    assert submission is not None
    AssetVersion.objects.filter(pk=version.pk).update(
        verdict=AssetVersion.Verdict.CLEAN
    )  # as if a scanner had checked it
    case = case_of(submission, settings=settings, now=clock.now())
    checklist = [item.code for item in review_kind(submission.kind).checklist(case)]
    operator = User.objects.get(email="operator@market.example")
    decide.approve(submission, checklist=checklist, reason="已核对。", by=operator, settings=settings, now=clock.now())
    return str(version.pk)


def _deployed(number: str) -> None:
    """Report as the buyer of this order that it is deployed."""
    from tests.browser.supervised import _acts
    from tradepost.market.product_types.flows.contract import Act, Party
    from tradepost.market.supervision.models import Supervision

    begun = Supervision.objects.filter(line__order__number=number).exclude(node="")
    until(begun.exists, "the delivery begins")
    _acts(begun.get(), Party.BUYER, Act.ACCEPT)


# --- applications and servers -------------------------------------------------------------------------------------------


def _bindings(seller: Seller, buyer: User) -> None:
    """Create a binding whose call to the seller was given up, one that ended, and one that is ending."""
    from django.db import transaction

    from tests.browser.history import DEAD
    from tests.factories.joint import make_application, make_binding, make_joint_service, make_kit_address, sync_rules
    from tradepost.market.applications import bind, run
    from tradepost.market.applications.models import Sync, TenantBinding
    from tradepost.market.base import clock
    from tradepost.market.organisations.models import Enterprise

    now, enterprise = clock.now(), Enterprise.objects.get(code="lantian")
    with transaction.atomic():
        address = make_kit_address(seller, url=f"{DEAD}/more", now=now)
        application = make_application(
            seller,
            address=address,
            multi_instance=True,
            name="青榭考勤",
            app_id="app-of-attendance",
            login_url=f"{DEAD}/sign-in",
            now=now,
        )
        services = [make_joint_service(buyer=buyer, application=application, now=now) for _ in range(3)]
        stopped, ended, ending = (make_binding(one, enterprise, now=now) for one in services)
    for one in (stopped, ended, ending):
        until(lambda: Sync.objects.filter(binding=one, status="waiting").exists(), "the server is away")  # noqa: B023  # awaited at once
    Sync.objects.filter(binding=stopped).update(give_up_at=now, next_at=now)  # as if its retries had ended
    with transaction.atomic():
        run.retry_due({"binding": stopped.pk}, clock.now(), rules=sync_rules())
    until(lambda: TenantBinding.objects.get(pk=stopped.pk).status == "stopped", "the binding stops")
    # As if the server had answered.
    TenantBinding.objects.filter(pk=ending.pk).update(status="bound", bound_at=now)
    Sync.objects.filter(binding=ending).update(status="dropped", next_at=None)
    for one in (ended, ending):  # the seller was only called for the second
        bind.unbind(one, actor=buyer.email, rules=sync_rules(), now=clock.now())


def _servers() -> None:
    """Create a server with a fault, one that its buyer stopped, and one that its cloud did not delete."""
    from tests.browser.imaging import _running
    from tests.factories.images import broken
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Product
    from tradepost.market.compute import observe
    from tradepost.market.compute.models import Server, Task
    from tradepost.market.images import servers

    product = Product.objects.get(slug="yunjian-gitlab")
    faulty, stopped, kept = (_running(product, name) for name in ("ci-5", "wiki-6", "mail-7"))
    broken(faulty, "broken")
    observe.observe_server(faulty, now=clock.now())
    servers.stop(stopped.buyer, stopped.pk, now=clock.now())
    for server, status in ((faulty, "broken"), (stopped, "stopped")):
        until(lambda: Server.objects.get(pk=server.pk).status == status, f"the server is {status}")  # noqa: B023  # awaited at once
    Task.objects.create(
        server=kept, action="release", status="gave_up", created_at=clock.now(), ended_at=clock.now(), tries=8,
        error="the cloud refused the request", fault="refused",
    )  # fmt: skip


# --- products and companies ---------------------------------------------------------------------------------------------


def _products(seller: Seller) -> None:
    """Create a product of the demo's seller that was delisted, and one that operators suspended."""
    from tests.factories.products import make_product
    from tradepost.market.base import clock
    from tradepost.market.catalog import delist, trading
    from tradepost.market.catalog.models import Product

    now, beside = clock.now(), Product.objects.get(slug="yunjian-docs")
    stopped, frozen = (
        make_product(
            seller, address=beside.binding.address, now=now, slug=slug, name=name, name_en=name_en,
            category=beside.category.slug, picture=beside.picture,
        )
        for slug, name, name_en in (
            ("yunjian-fax", "云笺传真", "Yunjian Fax"), ("yunjian-boards", "云笺看板", "Yunjian Boards"),
        )
    )  # fmt: skip
    delist.stop(stopped, reason="不再维护。", actor="owner@qingxie.example", now=now)
    trading.freeze(frozen, cause="商品图片侵权，请更换。", actor="operator@market.example", now=now)


def _companies(operator: User) -> None:
    """Create a company that is suspended, and one that left."""
    from tests.factories.people import make_buyer, make_member, make_seller
    from tradepost.market.base import clock
    from tradepost.market.identity import enter

    now = clock.now()
    suspended, left = (
        make_seller(slug=slug, name=name, name_en=name_en, now=now)
        for slug, name, name_en in (("banxia", "半夏信息", "Banxia"), ("guiyuan", "归园网络", "Guiyuan"))
    )
    for seller in (suspended, left):
        make_member(seller, make_buyer(email=f"owner@{seller.slug}.example", balance="0", now=now))
    enter.suspend(suspended, reason="营业执照过期。", by=operator.email, now=now)
    enter.leave(left, by=operator.email, now=now)


def _lapsed_domain(seller: Seller) -> None:
    from tradepost.market.base import clock
    from tradepost.market.identity import domains
    from tradepost.market.identity.domains_lifecycle import DOMAIN, DomainEvent

    domain = domains.verify_without_proof(seller, "old.qingxie.example", now=clock.now())
    DOMAIN.move_all([domain], DomainEvent.LAPSE, now=clock.now(), note="not found 3 times")
