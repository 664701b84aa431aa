"""A buyer who changes a service on the pages, and a seller's server that records the calls in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import override

from django.test import Client

from tests.factories import make_address, make_buyer, make_product, make_seller
from tests.factories.products import MONTHLY, make_sku, make_spec
from tests.journeys.buying import wait_until_delivered
from tests.journeys.speaking import APP, KIND, LICENSE
from tests.market.working import working
from tests.waiting import until
from tradepost.kit import CheckChange, Create, Created, Refresh, Reject, Release, Seller, SetStatus, Upgrade
from tradepost.kit.answers import Instance
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Spec
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity import keys
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.registry import protocol as spoken

KEY = "the signing key of a changing journey"
TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)
SPEC = make_spec(
    make_sku(MONTHLY, TRIAL, values={"e": "s"}), make_sku(replace(MONTHLY, amount=Decimal(240)), values={"e": "l"}),
    name="规格", name_en="Spec",
    attributes=[{"code": "e", "name": "版本", "name_en": "Edition", "values": [
        {"code": "s", "name": "标准", "name_en": "Small"}, {"code": "l", "name": "专业", "name_en": "Large"}]}],
)  # fmt: skip
MONTH = {"plan": "PERIOD-month", "periods": "1", "quantity": "1"}
NO = "5 users are too many for the small edition"


class Recorder(Seller):
    """Record the calls as commands of the kit. A service that is Large never becomes Small again."""

    def __init__(self, store: Path, protocol: str) -> None:
        super().__init__(store=store, key=KEY, protocols=(protocol,))
        self.told: list[tuple[str, ...]] = []
        self.small = ""

    @override
    def on_create(self, command: Create) -> Created:
        self.told.append(("create", command.order_id))
        return Created(app=APP, license=LICENSE)

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        self.told.append((command.scene, command.order_id, command.product_id, f"{command.expires_at:%Y%m%d%H%M%S}"))

    @override
    def on_upgrade(self, command: Upgrade, instance: Instance) -> None:
        self.told.append(("upgrade", command.order_id))

    @override
    def on_check_change(self, command: CheckChange, instance: Instance) -> bool:
        self.told.append(("check", command.product_id))
        if command.product_id == self.small:
            raise Reject("000005", NO)
        return True

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None:
        self.told.append((str(command.status),))

    @override
    def on_release(self, command: Release, instance: Instance) -> None:
        self.told.append(("release",))


@contextmanager
def open_trial(
    tmp_path: Path, protocol: str, *, balance: str = "3000"
) -> Iterator[tuple[Client, Recorder, Subscription, Product]]:
    """Open a trial of fifteen days through the pages."""
    with put_on_sale(tmp_path, protocol, SPEC, balance=balance) as (page, kit, product):
        kit.small = Offer.objects.get(sku__spec__product=product, trial=False, price_minor=10_000).product_id
        yield page, kit, buy(page, product, plan="PERIOD-day-trial", periods="15", total="0"), product
    assert ledger.verify().problems == ()


@contextmanager
def put_on_sale(
    tmp_path: Path, protocol: str, spec: Spec, *, balance: str = "3000"
) -> Iterator[tuple[Client, Recorder, Product]]:
    """Return a product on a kit server that debugged all its calls, and a buyer on the pages."""
    now, version = clock.now(), spoken(protocol)
    seller = make_seller(now=now)
    keys.rotate_signing_key(seller, version.key_class, now=now, secret=KEY)
    kit = Recorder(tmp_path / "kit.db", protocol)
    page = Client(headers={"accept-language": "en"})
    page.force_login(make_buyer(balance=balance, level="V5", now=now))
    with running(kit) as url, working():
        address = make_address(seller, url=f"{url}/produce", protocol=protocol, now=now)
        address.proven = ["changeInstanceCheck", *version.activities.values()]
        address.save()
        kind = KIND.get(protocol, "SAAS")
        yield page, kit, make_product(seller, address=address, specs=(spec,), product_type=kind, now=now)


def buy(page: Client, product: Product, **form: str) -> Subscription:
    """Order through the form, pay unless it is free, and wait for the delivery."""
    answer = page.post(f"/checkout/{product.pk}/", {"quantity": "1", "periods": "1", "agreed": "on", **form})
    assert answer.status_code == 302, answer.content.decode()
    number = answer["Location"].split("/")[2]
    if Order.objects.get(number=number).total_minor:
        page.post(f"/orders/{number}/pay/")
    return wait_until_delivered(Order.objects.get(number=number))


def order_change(page: Client, address: str, **choice: str) -> Order:
    """Submit the form as it shows this choice, pay, and wait for the end."""
    shown = page.get(address, MONTH | choice).content.decode()
    quote = re.search(r'name="quote" value="([^"]+)"', shown)
    assert quote is not None, shown
    answer = page.post(address, MONTH | choice | {"quote": quote[1], "agreed": "on"})
    assert answer.status_code == 302, answer.content.decode()
    number = answer["Location"].split("/")[2]
    page.post(f"/orders/{number}/pay/")
    until(lambda: Order.objects.get(number=number).status == Order.Status.COMPLETED, what="the seller does it")
    return Order.objects.get(number=number)


def months_later(held: Subscription, months: int) -> str:
    """Return the time so many months after the trial, as on the wire."""
    trial = Period.objects.get(subscription=held, kind="trial")
    return f"{period_end(trial.ends_at, 'month', months):%Y%m%d%H%M%S}"


def product_ids(product: Product) -> tuple[str, str]:
    """Return the product IDs of Small and Large by the month."""
    own = Offer.objects.filter(sku__spec__product=product, trial=False).order_by("price_minor")
    small, large = own.values_list("product_id", flat=True)
    return small, large
