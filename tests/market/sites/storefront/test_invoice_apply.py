"""The last step of an application for an invoice, when something moved in another tab (business-rules §6.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_member, make_seller
from tests.factories.metering import make_metered, on_demand
from tests.market.invoices.applying import DAY, TAX_NUMBER, title_of
from tests.market.invoices.usage import HOUR, MARCH, apply_for_usage, charge_all, month, use
from tests.market.sites.seller_center.shops import enter
from tradepost.market.billing.models import UsageMonth
from tradepost.market.identity.models import User
from tradepost.market.invoices.models import Invoice, InvoiceTitle
from tradepost.market.invoices.titles import TitleDocument, delete_title, keep_title
from tradepost.market.invoices.types import offer
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
GONE = {"en": "Something you chose is no longer available", "zh-hans": "您选择的内容已不可用"}


def used(buyer: User | None = None) -> Subscription:
    """A service with four yuan of usage in March, which is paid."""
    held = make_metered(
        buyer=buyer or make_buyer(balance="100"), seller=make_seller(), price=on_demand(amount=Decimal(1))
    )
    make_member(held.seller, make_buyer(balance="0"))
    use(held, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    return held


def last_step(held: Subscription, title: InvoiceTitle, client: Client) -> dict[str, str]:
    """The form as a tab shows it, filled in."""
    shown = client.get(
        f"/invoices/apply/?usage={held.pk}:{MARCH}&type=general_digital&title={title.pk}"
    ).content.decode()
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    assert {"usage", "title", "amount", "title_digest"} <= set(fields)
    return fields | {"email": "finance@lantian.example"}


def sent(client: Client, form: dict[str, str], language: str = "en") -> tuple[int, str]:
    answer = client.post("/invoices/apply/", form, headers={"accept-language": language})
    return answer.status_code, answer.content.decode()


def test_what_is_shown_is_sent() -> None:
    held = used()
    title, client = title_of(held.buyer), enter(held.buyer)
    assert sent(client, last_step(held, title, client))[0] == 302
    assert (Invoice.objects.get().amount_minor, month(held)) == (400, (400, 400))


def delete(held: Subscription, title: InvoiceTitle) -> None:
    delete_title(held.buyer, title.pk)


def stop_type(held: Subscription, title: InvoiceTitle) -> None:
    offer(held.seller, ["general_paper"])


def invoice_it(held: Subscription, title: InvoiceTitle) -> None:
    apply_for_usage(held, now=NOW + 100 * DAY)


@pytest.mark.parametrize("language", GONE)
@pytest.mark.parametrize("act", [delete, stop_type, invoice_it])
def test_what_is_gone_is_said(act: Callable[[Subscription, InvoiceTitle], None], language: str) -> None:
    """The title was deleted, the seller stopped the type, or the only month stands on another invoice: not sent back without a word."""
    held = used()
    title, client = title_of(held.buyer), enter(held.buyer)
    form = last_step(held, title, client)
    act(held, title)
    before = (Invoice.objects.count(), month(held))
    status, shown = sent(client, form, language)
    assert (status, GONE[language] in shown) == (409, True)
    assert (Invoice.objects.count(), month(held)) == before


@pytest.mark.parametrize(("language", "words"), [("en", "The title was changed"), ("zh-hans", "发票抬头已更改")])
@pytest.mark.parametrize(
    "more",
    [{"name": "蓝天软件有限公司"}, {"company_address": "a", "company_phone": "b", "bank": "c", "bank_account": "d"}],
)
def test_a_title_that_was_edited_is_looked_at_first(more: dict[str, str], language: str, words: str) -> None:
    """An invoice with the wrong title must be returned with a red letter."""
    held = used()
    title, client = title_of(held.buyer), enter(held.buyer)
    form = last_step(held, title, client)
    said = {"kind": "company", "name": title.name, "tax_number": TAX_NUMBER} | more
    keep_title(held.buyer, TitleDocument(**said), title=title.pk, now=NOW)
    status, shown = sent(client, form, language)
    assert (status, words in shown, next(iter(more.values())) in shown) == (409, True, True)
    assert (Invoice.objects.count(), month(held)) == (0, (400, 0))
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    assert sent(client, form | fields, language)[0] == 302


@pytest.mark.parametrize(
    ("language", "words"), [("en", "An invoice is in one currency"), ("zh-hans", "一张发票只能使用一种币种")]
)
def test_two_currencies_stand_on_two_invoices(language: str, words: str) -> None:
    """Both can be ticked on the page of one seller."""
    one = used()
    other = used(one.buyer)
    UsageMonth.objects.filter(subscription=other).update(currency="USD", seller=one.seller)
    title, client = title_of(one.buyer), enter(one.buyer)
    way = f"?usage={one.pk}:{MARCH}&usage={other.pk}:{MARCH}"
    for answers in ("", "&type=general_digital", f"&type=general_digital&title={title.pk}"):
        answer = client.get(f"/invoices/apply/{way}{answers}", headers={"accept-language": language})
        assert (answer.status_code, words in answer.content.decode()) == (409, True), answers
    form = {"usage": [f"{one.pk}:{MARCH}", f"{other.pk}:{MARCH}"], "type": "general_digital", "title": title.pk}
    answer = client.post("/invoices/apply/", form, headers={"accept-language": language})
    assert (answer.status_code, words in answer.content.decode()) == (409, True)
    assert (Invoice.objects.count(), month(one), month(other)) == (0, (400, 0), (400, 0))
