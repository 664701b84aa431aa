"""A top-up is checked, confirmed, booked once, and reported."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories import make_buyer, make_operator
from tests.factories.transfers import announce, show
from tradepost.market.identity.models import User
from tradepost.market.payments import ledger, queries
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.models import Transfer
from tradepost.market.sites.console.top_up_form import TopUpForm

pytestmark = pytest.mark.django_db

GOOD = {"amount": "1200.50", "reference": "ICBC-20260302-0001", "note": "Offline transfer"}


@pytest.fixture
def operator() -> User:
    return make_operator(email="op@example.com")


@pytest.fixture
def console(operator: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(operator)
    return client


def url(user: User) -> str:
    return reverse("console:top_up", args=[user.pk])


def test_amount_and_account_are_confirmed_before_booking(console: Client) -> None:
    buyer = make_buyer(balance="0", name="Li Lei", email="lilei@example.com")
    page = console.post(url(buyer), GOOD)
    text = page.content.decode()
    assert page.status_code == 200
    assert "¥\xa01,200.50" in text
    assert "Li Lei" in text
    assert "lilei@example.com" in text
    assert GOOD["reference"] in text
    assert Transfer.objects.count() == 0


def test_confirmed_top_up_is_booked_once(console: Client, operator: User) -> None:
    buyer = make_buyer(balance="0")
    first = console.post(url(buyer), {**GOOD, "confirmed": "1"})
    shown = console.get(first["Location"]).content.decode()
    response = console.post(url(buyer), {**GOOD, "confirmed": "1"})

    assert "was added to the balance of" in shown
    assert (first.status_code, first["Location"]) == (302, reverse("console:account", args=[buyer.pk]))
    assert (response.status_code, response["Location"]) == (302, first["Location"])  # sent twice, reported, booked once
    transfer = Transfer.objects.get()
    assert (transfer.reason, transfer.reference, transfer.note, transfer.actor) == (
        "top_up", GOOD["reference"], GOOD["note"], operator.email,
    )  # fmt: skip
    assert queries.balance(buyer, "CNY").minor == 120_050
    assert ledger.verify().problems == ()


def test_reference_of_another_person_is_refused_too(console: Client) -> None:
    buyer, other = make_buyer(balance="0"), make_buyer(balance="0")
    console.post(url(buyer), {**GOOD, "confirmed": "1"})
    page = console.post(url(other), GOOD)
    assert page.status_code == 422
    assert page.context["form"].errors == {"reference": ["A top-up with this reference was booked already."]}
    assert queries.balance(other, "CNY").minor == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"), ({"amount": "-5"}, "amount"), ({"amount": "1.005"}, "amount"),
        ({"amount": "NaN"}, "amount"), ({"amount": "1e30"}, "amount"), ({"amount": ""}, "amount"),
        ({"amount": "1e9"}, "amount"), ({"amount": "1E3"}, "amount"), ({"amount": "+5"}, "amount"),
        ({"amount": "1,200.50"}, "amount"), ({"amount": ".5"}, "amount"), ({"amount": "5."}, "amount"),
        ({"amount": "１２"}, "amount"), ({"amount": "12345678901"}, "amount"), ({"amount": "0.00"}, "amount"),
        ({"reference": " "}, "reference"), ({"reference": "x" * 65}, "reference"), ({"note": "x" * 201}, "note"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_beside_its_field_and_nothing_is_booked(
    console: Client, change: dict[str, str], field: str
) -> None:
    buyer = make_buyer(balance="0")
    page = console.post(url(buyer), {**GOOD, **change, "confirmed": "1"})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert GOOD["reference"] in page.content.decode() or field == "reference"
    assert Transfer.objects.count() == 0


@pytest.mark.parametrize(
    ("currency", "typed", "words"),
    [
        ("CNY", "1e9", "Enter the amount in digits, with a decimal point and at most 2 decimals, for example 1200.50."),
        ("JPY", "1.5", "Enter the amount in digits without decimals, for example 1200."),
    ],
)
def test_ambiguous_amount_explains_the_format(currency: str, typed: str, words: str) -> None:
    with translation.override("en"):
        form = TopUpForm({"amount": typed, "reference": "B1"}, currency=currency)
        assert form.errors == {"amount": [words]}


@pytest.mark.parametrize(
    ("typed", "minor"), [("7", 700), ("007.5", 750), (" 1200.50 ", 120_050), ("9999999999.99", 999_999_999_999)]
)
def test_plain_amount_is_parsed(typed: str, minor: int) -> None:
    form = TopUpForm({"amount": typed, "reference": "B1"}, currency="CNY")
    assert form.is_valid()
    assert form.command().amount.minor == minor


def test_going_back_keeps_the_input(console: Client) -> None:
    buyer = make_buyer(balance="0")
    page = console.post(url(buyer), {**GOOD, "change": "1"})
    assert page.status_code == 200
    assert all(value in page.content.decode() for value in GOOD.values())
    assert Transfer.objects.count() == 0


def test_unknown_person_is_not_found(console: Client) -> None:
    assert console.post(reverse("console:top_up", args=[999_999]), GOOD).status_code == 404


def test_check_of_the_books_runs_on_request(console: Client) -> None:
    page = reverse("console:ledger")
    assert console.get(page).context["result"] is None
    console.post(url(make_buyer(balance="0")), {**GOOD, "confirmed": "1"})
    text = " ".join(console.get(page, {"check": "1"}).content.decode().split())
    assert "The books add up: 1 transfers over 2 accounts." in text


def shown_of(buyer: User, minor: int = 120_050) -> Intent:
    return show(announce(buyer, minor))


def test_announced_transfer_of_the_buyer_is_offered_first(console: Client) -> None:
    """Otherwise the transfer would still wait for this money, and be booked again from its proof."""
    buyer = make_buyer(balance="0")
    intent = shown_of(buyer)
    assert intent.number in console.get(reverse("console:account", args=[buyer.pk])).content.decode()
    page = console.post(url(buyer), GOOD)
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["transfer"])
    other = shown_of(make_buyer(balance="0"))
    for foreign in (str(other.pk), "x", "9" * 19):
        page = console.post(url(buyer), {**GOOD, "transfer": foreign, "confirmed": "1"})
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["transfer"])
    assert Transfer.objects.count() == 0


def test_selected_transfer_is_completed_once(console: Client) -> None:
    buyer = make_buyer(balance="0")
    intent = shown_of(buyer)
    form = {**GOOD, "transfer": str(intent.pk)}
    confirm = console.post(url(buyer), form).content.decode()
    assert intent.number in confirm
    assert f'name="transfer" value="{intent.pk}"' in confirm
    for _ in range(2):
        assert console.post(url(buyer), {**form, "confirmed": "1"}).status_code == 302
    intent.refresh_from_db()
    assert (intent.status, intent.fact.provider_no, queries.balance(buyer, "CNY").minor) == (
        "succeeded", GOOD["reference"], 120_050,
    )  # fmt: skip
    page = console.post(
        url(buyer), {**form, "reference": "ICBC-2", "confirmed": "1"}
    )  # decided after the form was shown
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["transfer"])
    assert ledger.verify().problems == ()
    assert Transfer.objects.count() == 1


def test_none_of_them_leaves_the_transfer_open(console: Client) -> None:
    buyer = make_buyer(balance="0")
    intent = shown_of(buyer)
    form = {**GOOD, "transfer": "none"}
    assert 'name="transfer" value="none"' in console.post(url(buyer), form).content.decode()
    assert console.post(url(buyer), {**form, "confirmed": "1"}).status_code == 302
    intent.refresh_from_db()
    assert (intent.status, queries.balance(buyer, "CNY").minor) == ("in_review", 120_050)
