"""Shared by journeys about probes: pages of a seller and of an operator, days of the market, and the return to sale."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind

DAY = timedelta(days=1)


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def text(page: Client, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def kinds(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def advance_to_midnight() -> timedelta:
    local = timezone.localtime(clock.now())
    return (local + DAY).replace(hour=0, minute=5, second=0, microsecond=0) - local


def product_now(product: Product) -> Product:
    return Product.objects.get(pk=product.pk)


def restore_product(page: Client, console: Client, product: Product) -> None:
    answer = page.post(f"/seller/products/{product.pk}/restore/", {"repaired": "The server is up again."})
    assert answer.status_code == 302, answer.content.decode()
    sent = Submission.objects.filter(product=product, kind="restore").latest("pk")
    until(lambda: Submission.objects.get(pk=sent.pk).status != "checking", within=100, what="the replay ends")
    sent.refresh_from_db()
    assert sent.status == "pending", sent.findings
    assert "Replay of the debug cases" in text(console, f"/console/reviews/{sent.pk}/")
    items = review_kind(sent.kind).checklist(case_of(sent, settings=config(), now=clock.now()))
    answer = console.post(f"/console/reviews/{sent.pk}/approve/", {"checklist": [item.code for item in items]})
    assert answer.status_code == 302, answer.content.decode()
    assert product_now(product).status == Product.Status.ON_SALE
