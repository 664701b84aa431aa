"""Operators cannot book for themselves (issue 25, item 3): each act of the console on an object of the operator's own
account or company is refused with a reason, recorded, and changes nothing."""

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
from tests.factories.approvals import make_top_up
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES
from tests.market.world import World, shared_world
from tradepost.market.audit.models import Entry, Outcome
from tradepost.market.base import clock
from tradepost.market.identity import members
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.tell import send_notice
from tradepost.market.organisations.models import Enterprise
from tradepost.market.organisations.models import Member as EnterpriseMember
from tradepost.market.organisations.own_companies import OWNERSHIP_RETENTION, own_companies_of
from tradepost.market.payments import queries
from tradepost.market.web import own_business
from tradepost.market.web.audit_acts import ACTS, KINDS
from tradepost.market.web.own_business import FORM_CHECKS, PARTIES, WITHOUT_PARTY

pytestmark = pytest.mark.django_db
OWN_PAGE = '<fieldset class="c-own" disabled>'
ACTING = sorted(
    pattern
    for pattern, row in ADDRESSES.items()
    if pattern.startswith("console/") and "/join/" not in pattern and row.post
)
OF_THE_SELLER = (
    "console/bindings/seller/", "console/invoices/", "console/jobs/", "console/probes/", "console/products/", "console/reconcile/compare/",
    "console/reviews/", "console/sellers/", "console/settlements/", "console/demands/<int:pk>/pass/",
)  # fmt: skip
"""Prefixes of addresses whose object belongs only to the seller in the test data."""
OF_THE_BUYER = (
    "console/accounts/", "console/deliveries/", "console/enterprises/", "console/servers/tasks/", "console/approvals/<int:pk>/", "console/ledger/bookings/", "console/withdrawals/", "console/transfers/", "console/unmatched/<int:pk>/assign/",
)  # fmt: skip
OF_NEITHER = (
    "console/agreements/", "console/branding/", "console/first-sale/", "console/registration/", "console/approvals/limit/", "console/categories/", "console/clock/", "console/servers/orphans/", "console/demands/new/", "console/demands/mails/", "console/demands/<int:pk>/close/", "console/notices/",
    "console/fees/", "console/operators/", "console/sign-in/", "console/unmatched/record/", "console/unmatched/<int:pk>/send-back/", "console/unmatched/<int:pk>/came-back/", "console/exports/", "console/synonyms/",
)  # fmt: skip
"""Acts that concern no account, or in this data a stranger; the latter have their own tests below."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Buyer X and a member of seller A are also operators."""
    del django_db_setup
    with shared_world(django_db_blocker) as small_world:
        User.objects.update(operator_role="owner")
        yield small_world


@pytest.mark.parametrize("pattern", ACTING)
def test_act_on_an_own_object_is_refused_recorded_and_changes_nothing(world: World, pattern: str) -> None:
    for role, others in ((table.BUYER, OF_THE_SELLER), (table.VIEWER, OF_THE_BUYER)):
        answer = world.ask(role, "POST", pattern)
        refused = answer.status_code == 403 and b"Another operator has to handle it." in answer.content
        assert refused == (not pattern.startswith((*others, *OF_NEITHER))), f"{pattern} as {role}"
        if not refused:
            continue
        assert "Another operator has to handle it." in answer.content.decode(), pattern
        changed = {label for label, after in world.after.items() if after != world.before[label]}
        assert changed == {Entry._meta.label}, f"{pattern} as {role}"
        entries = {row[0] for row in world.before[Entry._meta.label]}
        columns = [field.attname for field in Entry._meta.fields]
        [entry] = [
            dict(zip(columns, row, strict=True)) for row in world.after[Entry._meta.label] if row[0] not in entries
        ]
        assert (entry["outcome"], entry["reason"].partition(":")[0]) == (Outcome.REFUSED, "own.business")


def test_every_act_of_the_console_declares_the_owner_of_its_object() -> None:
    """A new page without a declaration fails here."""
    for act, named in ACTS.items():
        if act.startswith("cli "):
            continue
        kind = KINDS.get(named.kind)
        by_kind = kind is not None and kind.model in PARTIES
        assert by_kind or act in FORM_CHECKS or act in WITHOUT_PARTY, (
            f"{act}: say in web/own_business.py whose object it is"
        )
        assert not (act in WITHOUT_PARTY and (by_kind or act in FORM_CHECKS)), act
    assert {*FORM_CHECKS, *WITHOUT_PARTY} <= set(ACTS)


def test_every_account_and_company_of_a_model_is_a_declared_party() -> None:
    """Accounts that only record the last actor are set to null when the account is deleted; a submission's author is a
    party all the same."""
    for model, parties in PARTIES.items():
        declared = {*parties.users, *parties.sellers, *parties.enterprises}
        pointed = {
            field.attname
            for field in model._meta.get_fields()
            if isinstance(field, ForeignKey)
            and field.related_model in {User, Seller, Enterprise}
            and (field.remote_field.on_delete is not SET_NULL or field.name == "buyer")
            and field.name not in {"asked_by", "decided_by"}  # operators who act on it
        }
        assert pointed <= declared, model


@pytest.mark.parametrize("pattern", ["console/accounts/<int:pk>/", "console/accounts/<int:pk>/access/"])
def test_page_of_an_own_object_shows_its_acts_disabled_with_the_reason(world: World, pattern: str) -> None:
    own = world.ask(table.BUYER, "GET", pattern).content.decode()
    others = world.ask(table.OTHER_BUYER, "GET", pattern).content.decode()
    assert OWN_PAGE in own
    assert "Another operator has to handle it." in own
    assert OWN_PAGE not in others
    assert "data-own" not in others


@pytest.mark.parametrize("pattern", ["console/jobs/", "console/reconcile/", "console/probes/"])
def test_row_of_a_list_shows_own_objects_disabled(world: World, pattern: str) -> None:
    own = world.ask(table.VIEWER, "GET", pattern).content.decode()
    assert "another operator has to handle it" in own
    assert "another operator has to handle it" not in world.ask(table.OTHER_BUYER, "GET", pattern).content.decode()


def test_message_to_an_operator_is_sent_again_by_another_one() -> None:
    """The list offered the button, which returned 403."""
    operator, other = factories.make_operator(), factories.make_operator()
    send_notice(
        operator,
        "top_up",
        facts={"amount": "1", "balance": "1", "reference": "B"},
        once="B",
        now=clock.now(),
        link="/balance/",
    )
    sent = NoticeDelivery.objects.get(notice__user=operator, channel="mail")
    retry = f"/console/deliveries/{sent.pk}/retry/"
    own, others = (_as(recipient).get("/console/deliveries/").content.decode() for recipient in (operator, other))
    assert retry not in own
    assert "another operator has to handle it" in own
    assert retry in others
    assert _refused(_as(operator).post(retry))
    assert _as(other).post(retry).status_code == 302


def test_work_queue_entry_shows_own_objects_disabled(world: World) -> None:
    pattern = "console/queue/<slug:source>/<int:pk>/"
    assert "data-own" in world.ask(table.VIEWER, "GET", pattern).content.decode()
    assert "data-own" not in world.ask(table.OTHER_BUYER, "GET", pattern).content.decode()


def _as(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def _refused(answer: Any) -> bool:
    return answer.status_code == 403 and b"Another operator has to handle it." in answer.content


def test_operator_cannot_credit_their_own_account_or_that_of_their_companys_owner() -> None:
    operator, owner, colleague, stranger = (
        factories.make_operator(), factories.make_buyer(balance="0"), factories.make_buyer(balance="0"),
        factories.make_buyer(balance="0"),
    )  # fmt: skip
    seller = factories.make_seller(member=owner)
    for member in (operator, colleague):
        Member.objects.create(seller=seller, user=member, role=Member.Role.MEMBER)
    typed = {"amount": "100", "reference": "B-1", "note": "", "confirmed": "yes"}
    client = _as(operator)
    for target in (operator, owner):
        assert _refused(client.post(f"/console/accounts/{target.pk}/top-up/", typed))
        assert queries.balance(target, "CNY").minor == 0
    assert client.post(f"/console/accounts/{stranger.pk}/top-up/", typed).status_code == 302
    assert queries.balance(stranger, "CNY").minor == 10_000


def test_operator_who_joined_a_company_after_the_page_was_shown_cannot_act_on_it() -> None:
    operator, seller = factories.make_operator(), factories.make_seller()
    client = _as(operator)
    assert OWN_PAGE not in client.get(f"/console/sellers/{seller.pk}/").content.decode()
    Member.objects.create(seller=seller, user=operator, role=Member.Role.MEMBER)
    assert _refused(client.post(f"/console/sellers/{seller.pk}/suspend/", {"reason": "late"}))
    seller.refresh_from_db()
    assert seller.status != "suspended"


def test_enterprise_is_own_for_founder_members_and_recent_members() -> None:
    founder, operator = factories.make_buyer(), factories.make_operator()
    enterprise = organisations.make_admin(founder).enterprise
    joined = organisations.make_enterprise_member(EnterpriseMember.objects.get(enterprise=enterprise), operator)
    now = clock.now()
    own = own_companies_of(operator, now=now)
    assert set(own.enterprises) == {enterprise.pk}
    assert set(own.users) == {operator.pk, founder.pk}
    EnterpriseMember.objects.filter(pk=joined.pk).update(removed_at=now)
    assert own_companies_of(operator, now=now + OWNERSHIP_RETENTION - timedelta(seconds=1)).enterprises == {
        enterprise.pk
    }
    assert own_companies_of(operator, now=now + OWNERSHIP_RETENTION + timedelta(seconds=1)).enterprises == set()
    assert own_companies_of(founder, now=now).enterprises == {enterprise.pk}


def test_form_cannot_name_the_operators_own_account_product_or_company(world: World) -> None:
    """The object in the address belongs to a stranger; the object named in the form belongs to the operator."""
    buyer, owner = _as(world.users[table.BUYER]), _as(world.users[table.VIEWER])
    facts, email = world.facts, world.users[table.BUYER].email
    money = {"amount": "5", "payer": "x", "bank_number": "B-9", "words": facts["transfer"], "note": ""}
    strangers = make_top_up(factories.make_buyer(balance="0"), "B-STRANGERS")
    demand = {"contact": "x", "email": email, "requirement": "y", "language": "en"}
    for client, path, data in (
        (buyer, f"/console/unmatched/{facts['unmatched']}/assign/", {"whose": email.upper()}),
        (buyer, f"/console/unmatched/{facts['unmatched']}/assign/", {"whose": facts["transfer"]}),
        (buyer, "/console/unmatched/record/", money),
        (
            buyer,
            f"/console/ledger/bookings/{strangers.pk}/correct/",
            {"way": "account", "whose": email, "reason": "x", "seen": "0"},
        ),
        (buyer, "/console/demands/new/", demand),
        (owner, f"/console/demands/{facts['open_demand']}/answer/", {"words": "buy mine", "product": facts["product"]}),
        (owner, f"/console/demands/{facts['open_demand']}/pass/", {"seller": facts["seller"]}),
        (owner, "/console/reconcile/compare/", {"seller": facts["seller"]}),
    ):
        assert _refused(client.post(path, data)), path


def test_entry_is_not_assigned_to_an_operator_with_own_business_in_it(world: World) -> None:
    path = f"/console/queue/refunds/{world.facts['appealed_refund']}/assign/"
    answer = _as(world.users[table.OTHER_BUYER]).post(path, {"assignee": world.users[table.BUYER].pk, "seen": ""})
    assert answer.status_code == 422
    assert "Choose another operator." in answer.content.decode()


def test_reason_is_shown_in_both_languages() -> None:
    with translation.override("zh-hans"):
        assert own_business.refusal_message() == "此事项涉及您本人的账号或您所属的公司，请由其他运营人员处理。"


def test_operator_who_leaves_a_company_to_decide_about_it_is_refused_for_a_while() -> None:
    operator, owner = factories.make_operator(), factories.make_buyer()
    seller = factories.make_seller(member=owner)
    joined = factories.make_member(seller, operator, VIEWER)
    members.leave(joined, now=clock.now())
    assert _refused(_as(operator).post(f"/console/sellers/{seller.pk}/suspend/", {"reason": "left a minute ago"}))
    assert own_companies_of(operator, now=clock.now() + OWNERSHIP_RETENTION + timedelta(seconds=1)).sellers == set()
    member = factories.make_member(seller, operator, VIEWER)
    members.leave(member, now=clock.now() + timedelta(days=1))
    assert own_companies_of(operator, now=clock.now() + OWNERSHIP_RETENTION).sellers == {seller.pk}
