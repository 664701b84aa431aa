"""The last step of an invoice application after a change in another tab (business-rules §6.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_member, make_seller
from tests.factories.metering import make_metered, on_demand
from tests.market.invoices.applying import DAY, TAX_NUMBER, title_of
from tests.market.invoices.usage import HOUR, MARCH, apply_for_usage, charge_all, month_totals, use
from tests.market.sites.seller_center.shops import enter
from tradepost.market.billing.models import UsageMonth
from tradepost.market.identity.models import User
from tradepost.market.invoices.models import Invoice, InvoiceTitle
from tradepost.market.invoices.titles import TitleDocument, delete_title, save_title
from tradepost.market.invoices.types import set_types
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
UNAVAILABLE = {"en": "One of your choices is no longer available. Choose again", "zh-hans": "您选择的内容已不可用"}


def used_service(buyer: User | None = None) -> Subscription:
    """A service with four yuan of usage in March, which is paid."""
    metered = make_metered(
        buyer=buyer or make_buyer(balance="100"), seller=make_seller(), price=on_demand(amount=Decimal(1))
    )
    make_member(metered.seller, make_buyer(balance="0"))
    use(metered, 4, at=NOW, now=NOW + 2 * HOUR)
    charge_all(now=NOW + 2 * HOUR)
    return metered


def last_step(subscription: Subscription, title: InvoiceTitle, client: Client) -> dict[str, str]:
    """Return the completed form as a tab shows it."""
    shown = client.get(
        f"/invoices/apply/?usage={subscription.pk}:{MARCH}&type=general_digital&title={title.pk}"
    ).content.decode()
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    assert {"usage", "title", "amount", "title_digest"} <= set(fields)
    return fields | {"email": "finance@lantian.example"}


def submit(client: Client, form: dict[str, str], language: str = "en") -> tuple[int, str]:
    answer = client.post("/invoices/apply/", form, headers={"accept-language": language})
    return answer.status_code, answer.content.decode()


def test_application_contains_what_was_shown() -> None:
    subscription = used_service()
    title, client = title_of(subscription.buyer), enter(subscription.buyer)
    assert submit(client, last_step(subscription, title, client))[0] == 302
    assert (Invoice.objects.get().amount_minor, month_totals(subscription)) == (400, (400, 400))


def delete(subscription: Subscription, title: InvoiceTitle) -> None:
    delete_title(subscription.buyer, title.pk)


def stop_type(subscription: Subscription, title: InvoiceTitle) -> None:
    set_types(subscription.seller, ["general_paper"])


def invoice_it(subscription: Subscription, title: InvoiceTitle) -> None:
    apply_for_usage(subscription, now=NOW + 100 * DAY)


@pytest.mark.parametrize("language", UNAVAILABLE)
@pytest.mark.parametrize("act", [delete, stop_type, invoice_it])
def test_deleted_choice_is_reported(act: Callable[[Subscription, InvoiceTitle], None], language: str) -> None:
    """The title was deleted, the seller stopped the type, or the only month is on another invoice: the form is not
    returned without an explanation."""
    subscription = used_service()
    title, client = title_of(subscription.buyer), enter(subscription.buyer)
    form = last_step(subscription, title, client)
    act(subscription, title)
    before = (Invoice.objects.count(), month_totals(subscription))
    status, shown = submit(client, form, language)
    assert (status, UNAVAILABLE[language] in shown) == (422, True)
    assert (Invoice.objects.count(), month_totals(subscription)) == before


@pytest.mark.parametrize(("language", "words"), [("en", "The title was changed"), ("zh-hans", "发票抬头已更改")])
@pytest.mark.parametrize(
    "more",
    [{"name": "蓝天软件有限公司"}, {"company_address": "a", "company_phone": "b", "bank": "c", "bank_account": "d"}],
)
def test_edited_title_is_shown_before_it_is_used(more: dict[str, str], language: str, words: str) -> None:
    """An invoice with the wrong title must be returned with a red letter."""
    subscription = used_service()
    title, client = title_of(subscription.buyer), enter(subscription.buyer)
    form = last_step(subscription, title, client)
    title_form = {"kind": "company", "name": title.name, "tax_number": TAX_NUMBER} | more
    save_title(subscription.buyer, TitleDocument(**title_form), title=title.pk, now=NOW)
    status, shown = submit(client, form, language)
    assert (status, words in shown, next(iter(more.values())) in shown) == (422, True, True)
    assert (Invoice.objects.count(), month_totals(subscription)) == (0, (400, 0))
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    assert submit(client, form | fields, language)[0] == 302


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "An invoice can use only one currency. Choose again"), ("zh-hans", "一张发票只能使用一种币种")],
)
def test_two_currencies_need_two_invoices(language: str, words: str) -> None:
    """Both can be ticked on the page of one seller."""
    subscription = used_service()
    other = used_service(subscription.buyer)
    UsageMonth.objects.filter(subscription=other).update(currency="USD", seller=subscription.seller)
    title, client = title_of(subscription.buyer), enter(subscription.buyer)
    way = f"?usage={subscription.pk}:{MARCH}&usage={other.pk}:{MARCH}"
    for answers in ("", "&type=general_digital", f"&type=general_digital&title={title.pk}"):
        answer = client.get(f"/invoices/apply/{way}{answers}", headers={"accept-language": language})
        assert (answer.status_code, words in answer.content.decode()) == (409, True), answers
    form = {
        "usage": [f"{subscription.pk}:{MARCH}", f"{other.pk}:{MARCH}"],
        "type": "general_digital",
        "title": title.pk,
    }
    answer = client.post("/invoices/apply/", form, headers={"accept-language": language})
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert (Invoice.objects.count(), month_totals(subscription), month_totals(other)) == (0, (400, 0), (400, 0))
