"""Nobody books for themselves (issue 25, item 3): each act of the console on an object of the operator's own account or company is
refused with a reason, recorded, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import SET_NULL, ForeignKey
from django.test import Client
from django.utils import translation

from tests import factories
from tests.factories import organisations
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES
from tests.market.world import World, standing
from tradepost.market.audit.models import Entry, Outcome
from tradepost.market.base import clock
from tradepost.market.identity import members
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.organisations.models import Enterprise
from tradepost.market.organisations.models import Member as EnterpriseMember
from tradepost.market.organisations.own_companies import STAYS_OWN, own_of
from tradepost.market.payments import queries
from tradepost.market.web import own_business
from tradepost.market.web.audit_acts import ACTS, KINDS
from tradepost.market.web.own_business import IN_FORM, OF_NOBODY, PARTIES

pytestmark = pytest.mark.django_db
OWN_PAGE = '<fieldset class="c-own" disabled>'
ACTING = sorted(pattern for pattern, row in ADDRESSES.items() if pattern.startswith("console/") and row.post)
OF_THE_SELLER = (
    "console/bindings/seller/", "console/invoices/", "console/jobs/", "console/probes/", "console/products/", "console/reconcile/compare/",
    "console/reviews/", "console/sellers/", "console/settlements/", "console/demands/<int:pk>/pass/",
)  # fmt: skip
"""Beginnings of addresses whose object is the seller's alone in the world of the tests."""
OF_THE_BUYER = (
    "console/accounts/", "console/deliveries/", "console/enterprises/", "console/servers/tasks/", "console/transfers/", "console/unmatched/<int:pk>/assign/",
)  # fmt: skip
OF_NEITHER = (
    "console/agreements/", "console/categories/", "console/clock/", "console/servers/orphans/", "console/demands/new/", "console/demands/mails/", "console/demands/<int:pk>/close/", "console/notices/",
    "console/unmatched/record/", "console/unmatched/<int:pk>/send-back/",
)  # fmt: skip
"""Acts that concern nobody, or in this world a stranger: the latter have tests of their own below."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """In which buyer X and a member of seller A are operators, too."""
    del django_db_setup
    with standing(django_db_blocker) as made:
        User.objects.update(is_operator=True)
        yield made


@pytest.mark.parametrize("pattern", ACTING)
def test_an_act_on_an_own_object_is_refused_recorded_and_changes_nothing(world: World, pattern: str) -> None:
    for role, others in ((table.BUYER, OF_THE_SELLER), (table.VIEWER, OF_THE_BUYER)):
        answer = world.ask(role, "POST", pattern)
        refused = answer.status_code == 403
        assert refused == (not pattern.startswith((*others, *OF_NEITHER))), f"{pattern} as {role}"
        if not refused:
            continue
        assert "Another operator has to handle it." in answer.content.decode(), pattern
        changed = {label for label, kept in world.after.items() if kept != world.before[label]}
        assert changed == {Entry._meta.label}, f"{pattern} as {role}"
        known = {row[0] for row in world.before[Entry._meta.label]}
        columns = [field.attname for field in Entry._meta.fields]
        [entry] = [
            dict(zip(columns, row, strict=True)) for row in world.after[Entry._meta.label] if row[0] not in known
        ]
        assert (entry["outcome"], entry["reason"].partition(":")[0]) == (Outcome.REFUSED, "own.business")


def test_every_act_of_the_console_declares_whose_business_its_object_is() -> None:
    """A new page that declares nothing fails here."""
    for act, named in ACTS.items():
        if act.startswith("cli "):
            continue
        kind = KINDS.get(named.kind)
        by_kind = kind is not None and kind.model in PARTIES
        assert by_kind or act in IN_FORM or act in OF_NOBODY, f"{act}: say in web/own_business.py whose object it is"
        assert not (act in OF_NOBODY and (by_kind or act in IN_FORM)), act
    assert {*IN_FORM, *OF_NOBODY} <= set(ACTS)


def test_parties_name_every_account_and_company_that_a_model_points_at() -> None:
    """Accounts that only say who acted last are set to null when the account goes; a submission's author is a party all the same."""
    for model, parties in PARTIES.items():
        said = {*parties.users, *parties.sellers, *parties.enterprises}
        pointed = {
            field.attname
            for field in model._meta.get_fields()
            if isinstance(field, ForeignKey)
            and field.related_model in {User, Seller, Enterprise}
            and (field.remote_field.on_delete is not SET_NULL or field.name == "buyer")
        }
        assert pointed <= said, model


def test_the_page_of_an_own_object_shows_its_acts_disabled_with_the_reason(world: World) -> None:
    own = world.ask(table.BUYER, "GET", "console/accounts/<int:pk>/").content.decode()
    others = world.ask(table.OTHER_BUYER, "GET", "console/accounts/<int:pk>/").content.decode()
    assert OWN_PAGE in own
    assert "Another operator has to handle it." in own
    assert OWN_PAGE not in others
    assert "data-own" not in others


@pytest.mark.parametrize("pattern", ["console/jobs/", "console/reconcile/", "console/probes/"])
def test_a_row_of_a_list_shows_it_too(world: World, pattern: str) -> None:
    own = world.ask(table.VIEWER, "GET", pattern).content.decode()
    assert "another operator has to handle it" in own
    assert "another operator has to handle it" not in world.ask(table.OTHER_BUYER, "GET", pattern).content.decode()


def test_an_entry_of_the_work_queue_shows_it_too(world: World) -> None:
    pattern = "console/queue/<slug:source>/<int:pk>/"
    assert "data-own" in world.ask(table.VIEWER, "GET", pattern).content.decode()
    assert "data-own" not in world.ask(table.OTHER_BUYER, "GET", pattern).content.decode()


def _as(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def _refused(answer: Any) -> bool:
    return answer.status_code == 403 and b"Another operator has to handle it." in answer.content


def test_nobody_credits_their_own_account_or_that_of_their_companys_owner() -> None:
    operator, owner, colleague, stranger = (
        factories.make_operator(), factories.make_buyer(balance="0"), factories.make_buyer(balance="0"),
        factories.make_buyer(balance="0"),
    )  # fmt: skip
    seller = factories.make_seller(member=owner)
    for member in (operator, colleague):
        Member.objects.create(seller=seller, user=member, role=Member.Role.MEMBER)
    typed = {"amount": "1000000", "reference": "B-1", "note": "", "confirmed": "yes"}
    client = _as(operator)
    for target in (operator, owner):
        assert _refused(client.post(f"/console/accounts/{target.pk}/top-up/", typed))
        assert queries.balance(target, "CNY").minor == 0
    assert client.post(f"/console/accounts/{stranger.pk}/top-up/", typed).status_code == 302
    assert queries.balance(stranger, "CNY").minor == 100_000_000


def test_who_joins_a_company_after_the_page_was_shown_does_not_act_on_it() -> None:
    operator, seller = factories.make_operator(), factories.make_seller()
    client = _as(operator)
    assert OWN_PAGE not in client.get(f"/console/sellers/{seller.pk}/").content.decode()
    Member.objects.create(seller=seller, user=operator, role=Member.Role.MEMBER)
    assert _refused(client.post(f"/console/sellers/{seller.pk}/suspend/", {"reason": "late"}))
    seller.refresh_from_db()
    assert seller.status != "suspended"


def test_an_enterprise_is_own_for_its_founder_its_members_and_for_a_while_its_former_members() -> None:
    founder, operator = factories.make_buyer(), factories.make_operator()
    enterprise = organisations.make_admin(founder).enterprise
    joined = organisations.make_enterprise_member(EnterpriseMember.objects.get(enterprise=enterprise), operator)
    now = clock.now()
    own = own_of(operator, now=now)
    assert set(own.enterprises) == {enterprise.pk}
    assert set(own.users) == {operator.pk, founder.pk}
    EnterpriseMember.objects.filter(pk=joined.pk).update(removed_at=now)
    assert own_of(operator, now=now + STAYS_OWN - timedelta(seconds=1)).enterprises == {enterprise.pk}
    assert own_of(operator, now=now + STAYS_OWN + timedelta(seconds=1)).enterprises == set()
    assert own_of(founder, now=now).enterprises == {enterprise.pk}


def test_a_form_cannot_name_the_operators_own_account_product_or_company(world: World) -> None:
    """The object in the address is a stranger's; what the form names is the operator's."""
    buyer, owner = _as(world.users[table.BUYER]), _as(world.users[table.VIEWER])
    facts, email = world.facts, world.users[table.BUYER].email
    money = {"amount": "5", "payer": "x", "bank_number": "B-9", "words": facts["transfer"], "note": ""}
    demand = {"contact": "x", "email": email, "requirement": "y", "language": "en"}
    for client, path, data in (
        (buyer, f"/console/unmatched/{facts['unmatched']}/assign/", {"whose": email.upper()}),
        (buyer, f"/console/unmatched/{facts['unmatched']}/assign/", {"whose": facts["transfer"]}),
        (buyer, "/console/unmatched/record/", money),
        (buyer, "/console/demands/new/", demand),
        (owner, f"/console/demands/{facts['open_demand']}/answer/", {"words": "buy mine", "product": facts["product"]}),
        (owner, f"/console/demands/{facts['open_demand']}/pass/", {"seller": facts["seller"]}),
        (owner, "/console/reconcile/compare/", {"seller": facts["seller"]}),
    ):
        assert _refused(client.post(path, data)), path


def test_an_entry_is_not_given_to_an_operator_whose_own_business_it_is(world: World) -> None:
    path = f"/console/queue/refunds/{world.facts['appealed_refund']}/assign/"
    answer = _as(world.users[table.OTHER_BUYER]).post(path, {"assignee": world.users[table.BUYER].pk, "seen": ""})
    assert answer.status_code == 422
    assert "Choose another operator." in answer.content.decode()


def test_the_reason_is_said_in_both_languages() -> None:
    with translation.override("zh-hans"):
        assert own_business.reason() == "此事项涉及您本人的账户或您所属的公司，请由其他运营人员处理。"


def test_who_leaves_a_company_to_decide_about_it_is_refused_for_a_while() -> None:
    operator, owner = factories.make_operator(), factories.make_buyer()
    seller = factories.make_seller(member=owner)
    joined = factories.make_member(seller, operator, VIEWER)
    members.leave(joined, now=clock.now())
    assert _refused(_as(operator).post(f"/console/sellers/{seller.pk}/suspend/", {"reason": "left a minute ago"}))
    assert own_of(operator, now=clock.now() + STAYS_OWN + timedelta(seconds=1)).sellers == set()
    again = factories.make_member(seller, operator, VIEWER)
    members.leave(again, now=clock.now() + timedelta(days=1))
    assert own_of(operator, now=clock.now() + STAYS_OWN).sellers == {seller.pk}
