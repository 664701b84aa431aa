"""Issue 28, Must show 2: every console page × role × GET and POST. A request outside of a role is refused and changes
nothing. A full test run tries some of the roles for each address, chosen by the seed; a soak run, or this file alone,
tries all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from tests import sampling
from tests.factories import make_buyer, make_operator
from tests.market.every_address import ADDRESSES, OPERATOR
from tests.market.world import World, shared_world
from tradepost.market.audit.models import Entry, Outcome
from tradepost.market.identity.console_roles import PERMISSIONS, is_permitted, row_of
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import MEANING, Role
from tradepost.market.sites.console import urls

pytestmark = pytest.mark.django_db
CONSOLE = sorted(pattern for pattern in ADDRESSES if pattern.startswith("console/") and "/join/" not in pattern)
LIMITED = [role.value for role in Role if role is not Role.OWNER]
NAMES = [str(pattern.name) for pattern in urls.urlpatterns]
OWNERS_ALONE = {
    "account_erase", "account_export", "account_keep", "approval_limit", "branding_picture", "branding_reset",
    "seller_self_operated", "account_role", "operator_invite", "operator_invite_again", "operator_invite_revoke", "providers",
    "agreement_publish", "agreement_discard", "first_sale_card", "provider_new", "operator_passwords", "provider", "provider_delete",
}  # fmt: skip
OF_ANYBODY = {"operator_join"}
"""Addresses without an object, where owners decide."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with shared_world(django_db_blocker) as small_world:
        yield small_world


def named(world: World, pattern: str) -> str:
    return str(resolve(world.path(pattern, ADDRESSES[pattern])).url_name)


@pytest.mark.parametrize("pattern", CONSOLE)
def test_role_reads_and_acts_as_the_table_says_and_no_more(world: World, pattern: str) -> None:
    row, name = ADDRESSES[pattern], named(world, pattern)
    requests = [(role, method) for role in LIMITED for method in ("GET", "POST")]
    drawn = sampling.sample(
        requests, family=lambda request: is_permitted(request[0], name, request[1]), share=1 / 5,
        seed=sampling.SEED + sampling.rank(pattern), everything=not sampling.GATE,
    )  # fmt: skip
    for role, method in drawn:
        User.objects.filter(pk=world.users[OPERATOR].pk).update(operator_role=role)
        answer = world.ask(OPERATOR, method, pattern)
        subject = f"{method} {pattern} as {role}: {answer.status_code}"
        exists = OPERATOR in (row.get if method == "GET" else row.post)
        changed = {label for label, rows_after in world.after.items() if rows_after != world.before[label]} - {
            "identity.User"
        }
        if not exists:
            assert answer.status_code in {403, 404, 405}, subject
        elif is_permitted(role, name, method):
            # An export or an entry of the queue belongs to a list, which the role must include too. Deciding a request
            # requires two-step sign-in.
            assert answer.status_code in {200, 204, 302, 303, 400, 409, 422} | (
                {404} if "exports/" in pattern or "queue/" in pattern else {403} if "approvals/" in pattern else set()
            ), subject
            continue
        else:
            assert answer.status_code == 403, subject
            assert str(Role(role).label) in answer.content.decode(), "it names the reader's role"
        assert changed <= ({Entry._meta.label} if method == "POST" else set()), f"{subject}, and something changed"


def test_every_address_of_the_console_has_a_row_or_belongs_to_owners() -> None:
    assert {name for name in NAMES if name not in PERMISSIONS} == OWNERS_ALONE | OF_ANYBODY
    assert set(PERMISSIONS) <= set(NAMES), "rows without an address"
    assert set(MEANING) == set(Role)


LETTERS = {"F": "finance", "R": "reviewer", "S": "service", "U": "support", "A": "auditor"}
ROLES = Path(__file__).with_name("console_roles.txt")


def test_table_equals_independently_written_rights() -> None:
    """The crawl above takes its expectations from the table, so it would also expect a right that a row grants by
    mistake."""
    lines = (line.split() for line in ROLES.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    written = {
        name: tuple(frozenset(LETTERS[letter] for letter in letters.strip("-")) for letters in row)
        for name, *row in lines
    }
    assert {name: (row.reads, row.changes) for name, row in PERMISSIONS.items()} == written
    for name, (reads, changes) in written.items():
        for role in LIMITED:
            assert (is_permitted(role, name), is_permitted(role, name, "POST")) == (role in reads, role in changes), (
                f"{role} {name}"
            )
            assert (is_permitted(role, name, "HEAD"), is_permitted(role, name, "PUT")) == (
                role in reads,
                role in changes,
            )


OWN = {"notices_read", "notice_open", "notice_settings", "export_new", "export_delete"}
"""Pages that concern only the reader."""
MONEY = {
    "order_pay_back", "refund_decide", "transfer_confirm", "transfer_reject", "top_up", "settlement_pay", "settlement_refuse",
    "settlement_wrong", "settlement_again", "settlement_account", "settlement_reissue", "unmatched_record", "unmatched_assign",
    "unmatched_send_back", "unmatched_bounce", "booking_correct", "withdrawal_approve", "withdrawal_reject", "withdrawal_account",
    "withdrawal_pay", "withdrawal_return",
}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "never_acts", "never_reads"),
    [
        ("auditor", set(NAMES) - OWN, set()),
        ("finance", {"review_approve", "seller_suspend", "operation_restart", "second_step_reset", "category"}, {"audit", "engine", "calls"}),
        ("reviewer", MONEY | {"service_freeze", "complaint_decide"}, {"ledger", "settlements", "transfers", "accounts", "orders"}),
        ("service", MONEY | {"review_approve", "seller_suspend"}, {"ledger", "settlements", "audit", "unmatched"}),
        ("support", MONEY | {"review_approve", "operation_restart", "service_release"}, {"ledger", "settlements", "audit", "engine"}),
    ],
)  # fmt: skip
def test_money_belongs_to_finance_and_an_auditor_changes_nothing(
    role: str, never_acts: set[str], never_reads: set[str]
) -> None:
    assert {name for name in never_acts if is_permitted(role, name, "POST")} == set()
    assert {name for name in never_reads & set(NAMES) if is_permitted(role, name)} == set()
    assert all(is_permitted("finance", name, "POST") for name in MONEY)
    assert all(
        is_permitted("auditor", name) for name in PERMISSIONS if PERMISSIONS[name].reads - {"support", "finance"}
    )


def signed_in(role: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator(role))
    return client


def test_navigation_and_links_lead_only_where_the_role_may_go() -> None:
    buyer = make_buyer()
    for role in LIMITED:
        client = signed_in(role)
        for page in ("/console/", "/console/products/", f"/console/accounts/{buyer.pk}/"):
            shown = client.get(page)
            if shown.status_code == 403:
                continue
            for link in links_of(shown.content.decode()):
                name = resolve(link).url_name if link.startswith("/console/") else ""
                assert not name or is_permitted(role, name), f"{link} on {page} of {role}"


def links_of(html: str) -> set[str]:
    return set(re.findall(r'<a\b[^>]*?\shref="(/[^"?#]*)', html))


def test_forms_beyond_the_role_are_disabled_and_name_the_required_role() -> None:
    buyer = make_buyer()
    support, finance = (
        signed_in(role).get(f"/console/accounts/{buyer.pk}/").content.decode() for role in ("support", "finance")
    )
    assert "It is for: Owner, Finance." in support
    assert "data-lacking-role" not in form_to("/customer-type/", support)
    assert "data-lacking-role" not in form_to("/top-up/", finance)
    owner = signed_in("owner").get(f"/console/accounts/{buyer.pk}/").content.decode()
    assert "data-lacking-role" not in owner


def test_button_beside_a_disabled_form_is_disabled_too(world: World) -> None:
    """*Approve* at the end of a review sent nothing, not even the form's token, and returned 403."""
    beside = r'<button[^>]*\sform="approve-form"[^>]*>'
    shown = {}
    for role in ("service", "reviewer"):
        User.objects.filter(pk=world.users[OPERATOR].pk).update(operator_role=role)
        page = world.ask(OPERATOR, "GET", "console/reviews/<int:pk>/").content.decode()
        shown[role] = [" disabled" in button for button in re.findall(beside, page)]
    assert shown == {"service": [True], "reviewer": [False]}


def test_refused_act_is_in_the_audit_log() -> None:
    buyer, client = make_buyer(balance="0"), signed_in("support")
    answer = client.post(f"/console/accounts/{buyer.pk}/top-up/", {"amount": "5", "reference": "B1"})
    assert answer.status_code == 403
    entry = Entry.objects.latest("pk")
    assert (entry.outcome, entry.reason.partition(":")[0]) == (Outcome.REFUSED, "operator.role")


def test_only_owners_change_the_account_of_an_operator() -> None:
    other, client = make_operator("owner"), signed_in("support")
    answer = client.post(f"/console/accounts/{other.pk}/second-step/")
    assert answer.status_code == 403
    assert "Only an owner can change the account of an operator." in answer.content.decode()
    page = client.get(f"/console/accounts/{other.pk}/").content.decode()
    assert "Only an owner can change the account of an operator." in form_to("/customer-type/", page)
    assert "data-lacking-role" not in form_to(
        "/customer-type/", client.get(f"/console/accounts/{make_buyer().pk}/").content.decode()
    )


def form_to(action: str, page: str) -> str:
    return page.partition(action)[2].partition("</form>")[0]


def test_export_of_a_list_needs_the_right_to_read_the_list() -> None:
    client = signed_in("reviewer")
    posted = {"path": "/console/accounts/", "query": "", "format": "csv"}
    assert client.post("/console/exports/new/", posted).status_code == 404
    assert client.post("/console/exports/new/", posted | {"path": "/console/products/"}).status_code == 302
    assert client.get("/console/accounts/?format=csv").status_code == 403


def test_address_without_a_row_belongs_to_owners() -> None:
    assert is_permitted("owner", "nobody declared this", "POST")
    assert not any(is_permitted(role, "nobody declared this", method) for role in LIMITED for method in ("GET", "POST"))
    assert row_of("nobody declared this").reads == frozenset()
