"""Run as a program with a market's settings: seed the market, or create a history with the functions of the pages.
Prints JSON.

``python -m tests.browser.history SELLER_URL
seed|deliver|meter|licensed|code|freeze|renew|give_up|fail|newcomer|companies|debug|acting|web_check|probe …``: each
word is a chapter; they run in this order.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.waiting import until
from tradepost.market.base.outbound_policy import SANDBOX

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Product
    from tradepost.market.fulfilment.models import Operation
    from tradepost.market.fulfilment.sandbox_acts import Act
    from tradepost.market.subscriptions.models import Subscription

DEAD = "http://127.0.0.1:9/produce"


def main() -> None:
    import django

    django.setup()
    from tests.browser import changing, converting, joining
    from tests.browser.acting import acting
    from tests.browser.asking import ask
    from tests.browser.coding import code
    from tests.browser.debugging import debug
    from tests.browser.enterprising import enterprise
    from tests.browser.imaging import image
    from tests.browser.invoicing import invoice
    from tests.browser.licenses import licensed
    from tests.browser.more_cases import more_cases
    from tests.browser.more_ends import more_ends
    from tests.browser.more_money import more_money
    from tests.browser.more_states import more_states
    from tests.browser.overseeing import oversee
    from tests.browser.packing import pack
    from tests.browser.probing import probe
    from tests.browser.publishing import draft, publish
    from tests.browser.running_out import runs_out
    from tests.browser.settling import settle
    from tests.browser.signing_in import sign_in
    from tests.browser.spares import spares
    from tests.browser.states import count_states
    from tests.browser.supervised import supervise
    from tests.browser.together import together
    from tests.browser.transferring import transfers
    from tests.browser.using import use
    from tests.browser.walking import walk
    from tests.browser.web_checking import web_check

    seller_url, *chapters = sys.argv[1:]
    known = (seed, deliver, meter, licensed, code, freeze, renew, give_up, fail, newcomer, companies, debug, publish, draft, broken, acting,
             web_check, probe, changing.change, converting.formal, ask, transfers, pack, image, invoice, settle, use, supervise,
             enterprise, walk, sign_in, joining.join, runs_out, together, spares, more_money, more_states, more_cases, more_ends, oversee, count_states)  # fmt: skip
    told, made = {one.__name__: one for one in known}, dict[str, str]()
    for chapter in chapters:
        made |= told[chapter](seller_url)
    json.dump(made, sys.stdout)


def seed(seller_url: str) -> dict[str, str]:
    from tests.factories.demo import demo_on_sale
    from tests.migrated import migrate_here
    from tradepost.market.base import clock

    migrate_here()
    result = demo_on_sale(clock.now(), seller_address=f"{seller_url}/produce")
    logins = {login.role: login for login in result.logins}
    return {
        "signing_key": result.signing_key, "access_key": result.access_key, "secret_key": result.secret_key,
        **{role: login.email for role, login in logins.items()},
        **{f"{role} password": login.password for role, login in logins.items()},
    }  # fmt: skip


def deliver(_seller_url: str) -> dict[str, str]:
    """Create orders of several days that the running worker delivers, and one that is unpaid."""
    first = last = ""
    for slug, choice in {
        "yunjian-docs": {"quantity": 20, "periods": 3}, "qingxie-mail": {"quantity": 5, "params": (("emailDomainName", "lantian.example"),)},
        "qianhu-esign": {}, "huiqi-meetings": {}, "tangli-bi": {"quantity": 5},
    }.items():  # fmt: skip
        last = _buy(slug, **choice)  # type: ignore[arg-type]  # a table of choices
        until(lambda: _status(last) == "completed", f"{slug} is delivered")  # noqa: B023  # awaited at once
        first = first or last
    unpaid = _buy("kelai-crm", pay=False, quantity=10)
    return {"completed": last, "own": first, "call": _call_of(first), "unpaid": unpaid}


def meter(_seller_url: str) -> dict[str, str]:
    """Open a service on demand at the seller that is up, and a package that is deducted from it."""
    from tradepost.market.catalog.models import Product
    from tradepost.market.fulfilment.models import Operation
    from tradepost.market.fulfilment.sandbox_acts import Act
    from tradepost.market.subscriptions.models import Subscription

    docs = Product.objects.get(slug="yunjian-docs")
    metered = _metered(docs, "yunjian-api", "云笺开放接口", "Yunjian Open API")
    opened = _buy(metered.slug, mode="ON_DEMAND")
    until(lambda: _status(opened) == "completed", "it is opened on demand")
    package = _buy(metered.slug, mode="ON_DEMAND_PKG", periods=3)
    until(lambda: _status(package) == "completed", "the package is delivered")
    held = Subscription.objects.get(order_lines__order__number=opened)
    asked = _try(held, Act.QUERY)
    until(lambda: Operation.objects.get(pk=asked.pk).status == "done", "the usage is told")
    return {
        "on demand": opened, "package": package, "on demand service": str(held.pk), "metered product": str(metered.pk),
        "package service": str(Subscription.objects.get(order_lines__order__number=package).pk),
        "package unpaid": _buy(metered.slug, mode="ON_DEMAND_PKG", pay=False),
    }  # fmt: skip


def _metered(beside: Product, slug: str, name: str, name_en: str) -> Product:
    """Return a product on demand with a package, served by the address of another product of its seller."""
    from tests.factories.products import ON_DEMAND, PACKAGE, make_product
    from tradepost.market.base import clock

    return make_product(
        beside.seller, prices=(ON_DEMAND, PACKAGE), address=beside.binding.address, now=clock.now(), slug=slug, name=name,
        name_en=name_en, category=beside.category.slug, picture=beside.picture,
        summary="按调用次数计费的文档接口，开通不收费。", summary_en="Documents by API, paid by the call; opening it is free.",
        description="<p>通过接口创建、转换和检索文档。</p>", description_en="<p>Create, convert and search documents.</p>",
    )  # fmt: skip


def freeze(_seller_url: str) -> dict[str, str]:
    """Create a service that its seller froze as a test."""
    from tradepost.market.fulfilment.models import Operation
    from tradepost.market.fulfilment.sandbox_acts import Act
    from tradepost.market.subscriptions.models import Subscription

    held = Subscription.objects.filter(product__slug="huiqi-meetings").order_by("pk")[0]
    asked = _try(held, Act.FREEZE)
    until(lambda: Operation.objects.get(pk=asked.pk).status == "done", "it is frozen")
    return {"frozen": str(held.pk), "done operation": str(asked.pk)}


def renew(_seller_url: str) -> dict[str, str]:
    """Create a service that was renewed, frozen and unfrozen, one that was released, and one that was unsubscribed."""
    from tests.browser.refunding import unsubscribed
    from tradepost.market.fulfilment.models import Operation
    from tradepost.market.fulfilment.sandbox_acts import Act

    held, gone = opened("yunjian-docs"), opened("yunjian-docs")
    number = _renew(held)
    until(lambda: _status(number) == "completed", "it is renewed")
    for act in (Act.FREEZE, Act.UNFREEZE):
        asked = _try(held, act)
        until(lambda: Operation.objects.get(pk=asked.pk).status == "done", f"{act} is done")  # noqa: B023  # awaited at once
    asked = _try(gone, Act.RELEASE)
    until(lambda: Operation.objects.get(pk=asked.pk).status == "done", "it is released")
    return {"renewed": str(held.pk), "released": str(gone.pk), "unsubscribed": unsubscribed(opened("yunjian-docs"))}


def give_up(_seller_url: str) -> dict[str, str]:
    """Create orders at a seller that is down, retried until the end of the plan by moving the clock: one is refunded,
    one for a license stops."""
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Product
    from tradepost.market.fulfilment.models import Operation

    held = opened(_renewable_of("lishi"))
    _let_die("lishi")
    renewal = _renew(held)
    number, stopped = _buy(_a_product_of("lishi")), _buy(_a_license_of("lishi"))
    closed = _buy(
        _metered(Product.objects.get(slug=_a_product_of("lishi")), "lishi-api", "砺石数据接口", "Lishi Data API").slug
    )
    until(lambda: _verdict(number) == _verdict(stopped) == "connect", "the first tries fail")
    clock.set_target(timedelta(hours=3, minutes=5))
    until(lambda: clock.target() is None, "the clock arrives")
    until(lambda: _status(number) == "refunded", "the money is back")
    until(lambda: _status(closed) == "refunded", "what cost nothing is closed")
    for one in (stopped, renewal):
        until(lambda: Operation.objects.get(line__order__number=one).status == "stopped", f"{one} stops")  # noqa: B023  # awaited at once
    return {
        "refunded": number, "closed": closed, "stopped": stopped, "stopped call": _call_of(stopped),
        "stopped operation": str(Operation.objects.get(line__order__number=renewal).pk), "stopped renewal": renewal,
        "service stopped": str(held.pk),
    }  # fmt: skip


def fail(_seller_url: str) -> dict[str, str]:
    """Create an order and a renewal that are being retried, and a freeze that waits for the renewal."""
    from tradepost.market.fulfilment.models import Operation

    held = opened(_renewable_of("heting"))
    _let_die("heting")
    number, renewal = _buy(_a_product_of("heting")), _renew(held)
    until(lambda: _verdict(number) == _verdict(renewal) == "connect", "the first tries fail")
    _freeze_by_operator(held)
    behind = Operation.objects.get(subscription=held, status="queued")
    return {
        "failing": number, "failing call": _call_of(number), "service failing": str(held.pk), "queued operation": str(behind.pk),
        "running operation": str(Operation.objects.get(line__order__number=renewal).pk),
    }  # fmt: skip


def newcomer(_seller_url: str) -> dict[str, str]:
    """Create a person with an account and a company and no data: each of their lists is empty."""
    from allauth.account.models import EmailAddress

    from tradepost.market.base import clock
    from tradepost.market.identity.models import Member, Seller, User

    email, password = "new@newcomer.example", "newcomer-sandbox"
    user = User.objects.create_user(email, password, name="新来", joined_at=clock.now())
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    seller = Seller.objects.create(
        name="新来软件有限公司",
        name_en="Newcomer Software",
        slug="newcomer",
        contact_email=email,
        created_at=clock.now(),
    )
    Member.objects.create(seller=seller, user=user, role=Member.Role.OWNER)
    return {"newcomer": email, "newcomer password": password}


def companies(_seller_url: str) -> dict[str, str]:
    """Create applying companies: one writes its application, one waits, one was rejected and one failed its checks."""
    from tests.browser import entering

    return entering.companies()


def broken(_seller_url: str) -> dict[str, str]:
    """Return the HTML of the error pages, which no address leads to, in both languages."""
    from django.contrib.auth.models import AnonymousUser
    from django.template.loader import render_to_string
    from django.test import RequestFactory
    from django.utils import translation

    from tradepost.market.base.errors import Refused

    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    context = {
        "again": "/",
        "back": "/",
        "refused": Refused("call.in_flight", "This call is in progress. Wait for the response"),
    }
    names = ("403.html", "500.html", "503.html", "web/refused.html")
    made: dict[str, str] = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            made |= {f"{name} {language}": render_to_string(name, context, request) for name in names}
    return made


def _buy(
    slug: str,
    *,
    pay: bool = True,
    mode: str = "",
    quantity: int = 0,
    periods: int = 1,
    params: tuple[tuple[str, str], ...] = (),
) -> str:
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Offer
    from tradepost.market.identity.models import User
    from tradepost.market.orders.pay import pay_order
    from tradepost.market.orders.place import PlaceOrder, place_order

    buyer = User.objects.get(email="buyer@lantian.example")
    offers = Offer.objects.filter(sku__spec__product__slug=slug).select_related("sku").order_by("pk")
    offer = offers.filter(charging_mode=mode)[0] if mode else offers[0]
    command = PlaceOrder(
        product_id=offer.product_id,
        quantity=quantity or offer.sku.quantity_min,
        periods=periods,
        extend_params=params,
        agreed=True,
    )
    order = place_order(buyer, command, now=clock.now(), unpaid_timeout=timedelta(days=1))
    if pay:
        pay_order(order, now=clock.now())
    return order.number


def opened(slug: str) -> Subscription:
    """Return a service that was bought, delivered by the running worker, and is in use."""
    from tradepost.market.subscriptions.models import Subscription

    number = _buy(slug, mode="PERIOD")
    until(lambda: _status(number) == "completed", f"{slug} is delivered")
    return Subscription.objects.get(order_lines__order__number=number)


def _renew(held: Subscription) -> str:
    """Renew for one period as its buyer, and pay."""
    from tradepost.market.base import clock
    from tradepost.market.orders.pay import pay_order
    from tradepost.market.orders.renew import RenewService, place_renewal

    command = RenewService(subscription=held.pk, product_id=held.offer.product_id, periods=1, agreed=True)
    order = place_renewal(held.buyer, command, now=clock.now(), unpaid_timeout=timedelta(days=1))
    pay_order(order, now=clock.now())
    return order.number


def _try(held: Subscription, act: Act) -> Operation:
    """Run an act as the seller's page does."""
    from tradepost.market.base import clock
    from tradepost.market.fulfilment.sandbox import SandboxAct, start_act

    trial = SandboxAct(subscription=held, act=act, actor="seller@yunjian.example", now=clock.now())
    operation = start_act(trial, sandbox=True)
    assert operation is not None
    return operation


def _freeze_by_operator(held: Subscription) -> None:
    from django.db import transaction

    from tradepost.market.base import clock
    from tradepost.market.fulfilment.cases import locked_subscriptions
    from tradepost.market.fulfilment.freezing import add_reason
    from tradepost.market.fulfilment.operate import settle
    from tradepost.market.subscriptions.models import Freeze

    with transaction.atomic():
        locked = locked_subscriptions([held.pk])
        add_reason(locked, Freeze.Reason.OPERATOR, actor="operator@market.example", now=clock.now())
        settle(locked, now=clock.now())


def _a_product_of(seller: str) -> str:
    from tradepost.market.catalog.models import Product

    return Product.objects.filter(seller__slug=seller, extend_params=[]).order_by("pk")[0].slug


def _renewable_of(seller: str) -> str:
    from tradepost.market.catalog.models import Product

    products = Product.objects.filter(seller__slug=seller, extend_params=[], product_type="SAAS")
    return products.filter(specs__skus__offers__charging_mode="PERIOD").order_by("pk")[0].slug


def _a_license_of(seller: str) -> str:
    """Turn a product of the seller into a license, over a protocol that keeps its orders."""
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Product
    from tradepost.market.identity import keys
    from tradepost.market.production import addresses

    product = Product.objects.filter(seller__slug=seller, extend_params=[]).order_by("-pk")[0]
    Product.objects.filter(pk=product.pk).update(product_type="LICENSE")
    product.refresh_from_db()
    address = addresses.register(
        product.seller, url=f"{DEAD}/license", protocol="license_v1", require_body_sign=True, outbound=SANDBOX,
        now=clock.now(),
    )  # fmt: skip
    addresses.bind(product, address)
    keys.rotate_signing_key(product.seller, "license", now=clock.now())
    return product.slug


def _let_die(seller: str) -> None:
    from tradepost.market.base import clock
    from tradepost.market.production import addresses
    from tradepost.market.production.models import Address

    address = Address.objects.filter(seller__slug=seller).order_by("pk")[0]
    addresses.change(address, url=DEAD, require_body_sign=True, outbound=SANDBOX, now=clock.now())


def _status(number: str) -> str:
    from tradepost.market.orders.models import Order

    return Order.objects.get(number=number).status


def _call_of(number: str) -> str:
    from tradepost.market.production.models import Call

    return str(Call.objects.filter(order_number=number).order_by("pk")[0].pk)


def _verdict(number: str) -> str:
    from tradepost.market.production.models import Call

    return Call.objects.filter(order_number=number).values_list("last_verdict", flat=True).first() or ""


if __name__ == "__main__":
    main()
