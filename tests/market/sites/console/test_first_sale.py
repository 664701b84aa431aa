"""Issue 28: "Checklist *Setup checklist* in the console … Each step shows done, missing or waiting, and links to its page." """

from __future__ import annotations

import math
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories.branding import rename_market
from tests.factories.people import NOW, make_buyer, make_operator, make_seller
from tests.factories.products import make_product
from tests.factories.second_step import turn_on
from tradepost.market.base.config import config
from tradepost.market.base.counting import Count
from tradepost.market.branding import face
from tradepost.market.catalog.models import Category
from tradepost.market.identity import opening
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import Seller
from tradepost.market.identity.opening_models import MarketOpening
from tradepost.market.sites.console import first_sale
from tradepost.market.sites.console.first_sale import Facts, read_facts, steps_of

ONE, TWO = Count(1), Count(2)
KINDS = tuple(Agreement.Kind)
ALL_DONE: dict[str, Any] = {
    "branded": True, "categories": ONE, "bank_account": True, "mail_server": True, "mail_sender": True, "with_second_step": ONE,
    "sellers": ONE, "products": ONE,
}  # fmt: skip
STATES = [
    ("branding", {"branded": True}, "done"),
    ("branding", {}, "missing"),
    ("categories", {"categories": ONE}, "done"),
    ("categories", {}, "missing"),
    ("agreements", {}, "done"),
    ("agreements", {"unpublished": KINDS[:1]}, "waiting"),
    ("agreements", {"unpublished": KINDS}, "missing"),
    ("payment", {"bank_account": True}, "done"),
    ("payment", {}, "missing"),
    ("mail", {"mail_server": True, "mail_sender": True}, "done"),
    ("mail", {"mail_server": True}, "missing"),
    ("mail", {"mail_server": True, "mail_sender": True, "failed_mails": TWO}, "waiting"),
    ("mail", {}, "missing"),
    ("second_step", {"with_second_step": ONE}, "done"),
    ("second_step", {"with_second_step": ONE, "without_second_step": TWO}, "waiting"),
    ("second_step", {"without_second_step": TWO}, "missing"),
    ("seller", {"sellers": ONE}, "done"),
    ("seller", {"applicants": ONE}, "waiting"),
    ("seller", {}, "missing"),
    ("product", {"products": ONE}, "done"),
    ("product", {"products_in_review": ONE}, "waiting"),
    ("product", {}, "missing"),
]


@pytest.mark.parametrize(("code", "facts", "state"), STATES, ids=lambda value: value if isinstance(value, str) else "")
def test_each_step_shows_its_state(code: str, facts: dict[str, Any], state: str) -> None:
    [step] = [checked_step for checked_step in steps_of(Facts(**facts)) if checked_step.code == code]
    assert step.state == state
    assert bool(step.words) == (state != "done"), "what to do, in one sentence"
    assert step.url


def test_every_state_of_every_step_is_in_the_table() -> None:
    assert {code for code, *_ in STATES} == {step.code for step in steps_of(Facts())}
    assert [step.state for step in steps_of(Facts(**ALL_DONE))] == ["done"] * 8


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """A production market."""
    settings = config().model_copy(update={"sandbox": False})
    monkeypatch.setattr(first_sale, "config", lambda: settings)


def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


@pytest.mark.django_db
def test_states_follow_from_stored_rows() -> None:
    settings, before = config(), read_facts(config(), now=NOW)
    assert (before.sellers, before.products, before.with_second_step, before.unpublished) == (0, 0, 0, ())
    assert before.categories
    turn_on(make_operator())
    rename_market(make_operator())
    through_a_provider = make_operator()
    through_a_provider.set_unusable_password()
    through_a_provider.save()
    make_seller(member=make_buyer(balance="0"), status=Seller.Status.APPLICANT)
    make_product(make_seller())
    Category.objects.update(hidden=True)
    Agreement.objects.filter(kind="buyer").delete()
    after = read_facts(settings, now=NOW)
    assert (after.sellers, after.applicants, after.products) == (1, 1, 1)
    assert (after.with_second_step, after.without_second_step, after.categories) == (1, 1, 0)
    assert after.unpublished == (Agreement.Kind.BUYER,)
    assert (before.branded, after.branded) == (False, True)


@pytest.mark.django_db
def test_operator_hides_the_card_and_shows_it_again(real: None) -> None:
    client = console()
    assert 'id="tp-checklist"' in client.get("/console/").content.decode()
    assert client.post("/console/first-sale/card/").headers["Location"] == "/console/first-sale/"
    assert 'id="tp-checklist"' not in client.get("/console/").content.decode()
    page = client.get("/console/first-sale/").content.decode()
    assert 'id="tp-checklist"' in page
    assert "Show on the overview" in page
    client.post("/console/first-sale/card/", {"show": "yes"})
    assert 'id="tp-checklist"' in client.get("/console/").content.decode()


@pytest.mark.django_db
def test_complete_list_leaves_the_overview_and_takes_no_queries(real: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client = console()
    monkeypatch.setattr(face, "_cached_face", (math.inf, face.Face()))  # the market reads it again every two seconds
    client.get("/console/")
    with CaptureQueriesContext(connection) as with_card:
        assert 'id="tp-checklist"' in client.get("/console/").content.decode()
    assert not opening.closed_checklist().exists()
    monkeypatch.setattr(first_sale, "read_facts", lambda _settings, *, now: Facts(**ALL_DONE))
    assert 'id="tp-checklist"' not in client.get("/console/").content.decode()
    assert MarketOpening.objects.get().checklist_closed_at is not None
    monkeypatch.undo()
    monkeypatch.setattr(face, "_cached_face", (math.inf, face.Face()))
    monkeypatch.setattr(first_sale, "config", lambda: config().model_copy(update={"sandbox": False}))
    with CaptureQueriesContext(connection) as complete:
        assert 'id="tp-checklist"' not in client.get("/console/").content.decode()
    monkeypatch.setattr(first_sale, "steps_on_overview", lambda _closed, *, now: [])
    with CaptureQueriesContext(connection) as without:
        client.get("/console/")
    assert len(complete) == len(without)
    assert len(with_card) - len(without) == 2


@pytest.mark.django_db
def test_sandbox_shows_the_list_only_on_its_own_page() -> None:
    client = console()
    assert 'id="tp-checklist"' not in client.get("/console/").content.decode()
    assert 'id="tp-checklist"' in client.get("/console/first-sale/").content.decode()
