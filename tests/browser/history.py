"""Run as a program with a market's settings: seeds it, or makes a history with the verbs of the pages. Prints JSON.

``python -m tests.browser.history SELLER_URL seed|deliver|give_up|fail …``: each word is a chapter, done in this order.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta

WITHIN = 60.0
DEAD = "http://127.0.0.1:9/produce"


def main() -> None:
    import django

    django.setup()
    seller_url, *chapters = sys.argv[1:]
    made: dict[str, str] = {}
    for chapter in chapters:
        made |= {"seed": seed, "deliver": deliver, "give_up": give_up, "fail": fail}[chapter](seller_url)
    json.dump(made, sys.stdout)


def seed(seller_url: str) -> dict[str, str]:
    from django.core.management import call_command

    from tradepost.market import seed as demo
    from tradepost.market.base import clock

    call_command("migrate", verbosity=0)
    result = demo.load(clock.now(), seller_address=f"{seller_url}/produce")
    logins = {login.role: login for login in result.logins}
    return {
        "signing_key": result.signing_key, "access_key": result.access_key, "secret_key": result.secret_key,
        **{role: login.email for role, login in logins.items()},
        **{f"{role} password": login.password for role, login in logins.items()},
    }  # fmt: skip


def deliver(_seller_url: str) -> dict[str, str]:
    """A few orders of several days that the running worker delivers, and one that waits to be paid."""
    first = last = ""
    for slug, choice in {
        "yunjian-docs": {"quantity": 20, "periods": 3}, "qingxie-mail": {"quantity": 5, "params": (("emailDomainName", "lantian.example"),)},
        "qianhu-esign": {}, "huiqi-meetings": {}, "tangli-bi": {"quantity": 5},
    }.items():  # fmt: skip
        last = _buy(slug, **choice)  # type: ignore[arg-type]  # a table of choices
        _until(lambda: _status(last) == "completed", f"{slug} is delivered")  # noqa: B023  # awaited at once
        first = first or last
    return {
        "completed": last,
        "own": first,
        "call": _call_of(first),
        "unpaid": _buy("kelai-crm", pay=False, quantity=10),
    }


def give_up(_seller_url: str) -> dict[str, str]:
    """An order at a dead seller, tried until the plan's end by a clock that moves, and paid back."""
    from tradepost.market.base import clock

    _let_die("lishi")
    number = _buy(_a_product_of("lishi"))
    _until(lambda: _verdict(number) == "connect", "the first try fails")
    clock.aim(timedelta(hours=3, minutes=5))
    _until(lambda: clock.target() is None, "the clock arrives")
    _until(lambda: _status(number) == "refunded", "the money is back")
    return {"refunded": number}


def fail(_seller_url: str) -> dict[str, str]:
    """An order that is still being tried."""
    _let_die("heting")
    number = _buy(_a_product_of("heting"))
    _until(lambda: _verdict(number) == "connect", "the first try fails")
    return {"failing": number, "failing call": _call_of(number)}


def _buy(
    slug: str, *, pay: bool = True, quantity: int = 0, periods: int = 1, params: tuple[tuple[str, str], ...] = ()
) -> str:
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Offer
    from tradepost.market.identity.models import User
    from tradepost.market.orders.pay import pay_order
    from tradepost.market.orders.place import PlaceOrder, place_order

    buyer = User.objects.get(email="buyer@lantian.example")
    offer = Offer.objects.filter(sku__spec__product__slug=slug).select_related("sku").order_by("pk")[0]
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


def _a_product_of(seller: str) -> str:
    from tradepost.market.catalog.models import Product

    return Product.objects.filter(seller__slug=seller, extend_params=[]).order_by("pk")[0].slug


def _let_die(seller: str) -> None:
    from tradepost.market.production import addresses
    from tradepost.market.production.models import Address

    address = Address.objects.get(seller__slug=seller)
    addresses.change(address, url=DEAD, require_body_sign=True)


def _status(number: str) -> str:
    from tradepost.market.orders.models import Order

    return Order.objects.get(number=number).status


def _call_of(number: str) -> str:
    from tradepost.market.production.models import Call

    return str(Call.objects.filter(order_number=number).order_by("pk")[0].pk)


def _verdict(number: str) -> str:
    from tradepost.market.production.models import Call

    return Call.objects.filter(order_number=number).values_list("last_verdict", flat=True).first() or ""


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"did not happen within {WITHIN:g} s: {what}")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
