"""Contents of a copy of a person's data; every table and column is covered or excluded on purpose (issue 28; decision
0111).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import translation

from tests import factories
from tests.factories import NOW
from tests.factories.organisations import make_enterprise_member
from tests.market.personal_data.copying import (
    EVERY,
    column_values,
    copy_of,
    full_text,
    table,
)
from tests.market.personal_data.pasts import EMAIL, NAME, PAPER, PHONE, STREET, make_subject, with_everything
from tests.market.service_desk.asking import make_complaint
from tradepost.market.audit.models import Entry
from tradepost.market.identity.models import Seller, User
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.personal_data import archive, declared, headings, person_rows

pytestmark = pytest.mark.django_db
OTHER, OTHER_EMAIL, OTHER_PHONE = "the other one says", "namesake@private.example", "+86 137 4444 9876"


# --- included data ----------------------------------------------------------------------------------------------------


def test_archive_holds_what_the_market_stores_about_a_person() -> None:
    """opening.md §5: each table with the values that the pages show; times and amounts as a spreadsheet reads them."""
    user = make_subject()
    with_everything(user)
    order = user.orders.get()
    archive = copy_of(user)
    [account], [ordered], [line] = table(archive, "account"), table(archive, "orders"), table(archive, "order_lines")
    assert (account["Email"], account["Name"], account["Phone"]) == (EMAIL, NAME, f"'{PHONE}")
    assert (ordered["Number"], ordered["Total"], ordered["Currency"]) == (order.number, str(order.total.major), "CNY")
    assert (ordered["Status"], line["Billing"], line["Period"]) == ("Completed", "By period", "month")
    assert json.loads(line["Information entered at checkout"]) == [{"name": "contact", "value": f"{NAME} {PHONE}"}]
    [invoice], [complaint], [member] = (
        table(archive, "invoices"),
        table(archive, "complaints"),
        table(archive, "enterprises"),
    )
    assert (invoice["Receiver"], invoice["Receiver email"], invoice["Receiver address"]) == (NAME, EMAIL, STREET)
    assert complaint["Decision"] == f"{NAME} is right"
    assert (member["Enterprise"], json.loads(member["Profile"])["mobile"]) == ("蓝天制造", PHONE)
    [document] = table(archive, "documents")
    assert archive.read(document["File"]) == PAPER
    assert document["File"].endswith(f"-{NAME}.pdf")
    for name in ("services", "bookings", "balances", "calls", "addresses", "files"):
        assert f"tables/{name}.csv" in archive.namelist(), name
    assert archive.testzip() is None


def test_machine_readable_rows_have_codes_and_stable_names() -> None:
    user = make_subject()
    with_everything(user)
    archive = copy_of(user, "zh-hans")
    [ordered], [service] = column_values(archive, "orders"), column_values(archive, "services")
    assert (ordered["status"], ordered["total"], ordered["currency"]) == (
        "completed",
        str(user.orders.get().total.major),
        "CNY",
    )
    assert ordered["placed_at"] == user.orders.get().placed_at.isoformat()
    [line] = column_values(archive, "order_lines")
    assert (line["charging_mode"], line["period_type"]) == ("PERIOD", "month")
    assert {name for name in line if "amount" in name} == {
        "amount", "list_amount", "reduced_amount", "invoiced_amount",
    }  # fmt: skip
    assert {"product_name", "product_name_en", "seller_name", "seller_name_en"} <= set(service)
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["format"], manifest["customer_id"]) == (1, user.customer_id)
    written = {name.split("/")[1].removesuffix(".csv") for name in archive.namelist() if name.startswith("tables/")}
    assert {subject["name"] for subject in manifest["subjects"] if subject["rows"]} == written
    assert [subject["name"] for subject in manifest["subjects"]] == [subject.name for subject in EVERY]


@pytest.mark.parametrize(
    ("language", "head", "status"), [("en", "Number", "Pending payment"), ("zh-hans", "编号", "待支付")]
)
def test_headings_and_codes_are_in_the_persons_language(language: str, head: str, status: str) -> None:
    user = make_subject()
    factories.make_order(user)
    archive = copy_of(user, language)
    [row] = table(archive, "orders")
    assert next(iter(row)) == head
    assert status in row.values()
    readme = archive.read("README.txt").decode()
    assert "这个文件包含本商店存储的与您有关的数据。" in readme
    assert "This file contains the data that this marketplace stores about you." in readme
    assert "- 订单：1 (orders)" in readme


def test_rows_come_in_batches_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_rows, "BATCH", 2)
    user, other = make_subject(), factories.make_buyer()
    for _ in range(5):
        factories.make_order(user)
        factories.make_order(other)
    archive = copy_of(user)
    numbers = list(user.orders.order_by("pk").values_list("number", flat=True))
    assert [row["Number"] for row in table(archive, "orders")] == numbers
    assert [row["Order"] for row in table(archive, "order_lines")] == numbers


# --- excluded data ----------------------------------------------------------------------------------------------------


def make_namesake(enterprise: Enterprise, seller: Seller) -> User:
    """Make another person of the same name in the same enterprise, with orders at the same seller."""
    other = factories.make_buyer(email=OTHER_EMAIL, name=NAME, phone=OTHER_PHONE)
    order = factories.make_order(other, paid=True)
    order.lines.update(extend_params=[{"name": "contact", "value": OTHER}])
    factories.make_invoice(order, status="done", receiver_name=OTHER)
    make_complaint(other, seller, text=OTHER)
    member = make_enterprise_member(enterprise.members.earliest("pk"), other)
    Member.objects.filter(pk=member.pk).update(profile={"mobile": OTHER_PHONE})
    return other


def test_archive_has_no_data_of_other_people() -> None:
    user = make_subject()
    with_everything(user)
    other = make_namesake(Enterprise.objects.get(), user.orders.get().lines.get().seller)
    text = full_text(copy_of(user))
    people = User.objects.exclude(pk=user.pk)
    assert other in people
    for wrong in (
        OTHER,
        OTHER_PHONE,
        other.orders.get().number,
        *(person.email for person in people),
        *(person.customer_id for person in people),
    ):
        assert wrong not in text
    assert NAME in text


def test_reused_email_address_brings_no_data_of_its_earlier_owner() -> None:
    """An erased account frees its address (test_erasure); the audit log still has it."""
    earlier, user = factories.make_operator(), make_subject()
    Entry.objects.create(at=NOW, actor=earlier, actor_text=EMAIL, act="order_pay_back", outcome="done")
    assert "tables/operator_acts.csv" not in copy_of(user).namelist()


SECRET = re.compile(r"sealed|secret|hash|token|^password$|^key$|fingerprint_hash|ticket|challenge|nonce")
DRAWN = re.compile(r"sealed|secret|hash|token")
INTERNAL = {
    "note",
    "decided_by",
    "replied_by",
    "entered_by",
    "answered_by",
    "approved_by",
    "issued_by",
    "by_text",
    "actor",
    "error",
    "details",
}


@pytest.mark.parametrize("subject", EVERY, ids=lambda subject: subject.name)
def test_no_column_is_a_secret_or_internal_note_and_each_has_a_heading(subject: Any) -> None:
    for column in person_rows.columns(subject):
        last = column.path.rpartition("__")[2]
        assert not SECRET.search(last), column.path
        assert last not in INTERNAL, column.path
        for language in ("en", "zh-hans"):
            with translation.override(language):
                assert headings.heading(column.path)
    assert re.fullmatch(r"[a-z_]+", subject.name)


def test_subject_names_are_unique_and_every_heading_is_used() -> None:
    assert len({subject.name for subject in EVERY}) == len(EVERY)
    used = {headings.key(column.path) for subject in EVERY for column in person_rows.columns(subject)}
    assert set(headings.HEADINGS) - used == {archive.FILE}


def test_no_file_contains_secrets() -> None:
    user = make_subject()
    with_everything(user)
    text = full_text(copy_of(user))
    assert user.password not in text
    for model in apps.get_models():
        for column in [field.attname for field in model._meta.local_concrete_fields if DRAWN.search(field.attname)]:
            for value in model._base_manager.values_list(column, flat=True):
                assert not isinstance(value, str) or len(value) < 8 or value not in text, (
                    f"{model._meta.label}.{column}"
                )


# --- completeness -----------------------------------------------------------------------------------------------------

COMPANY, MARKET, COLLEAGUES = "a document of a company", "the work of operators", "about other people"
NOT_EXPORTED = {
    "open_api.KeptAnswer.buyer": "copies of answers about orders, for a day",
    "notifications.ReadMark.user": "how far notices were read",
    "work_queue.Handling.assignee": MARKET, "approvals.Request.user": MARKET, "approvals.Request.other_user": MARKET,
    "approvals.Request.asked_by": MARKET, "approvals.Request.decided_by": MARKET, "approvals.Limit.set_by": MARKET,
    "branding.Branding.changed_by": MARKET, "identity.Agreement.published_by": MARKET, "identity.AgreementDraft.saved_by": MARKET,
    "review.Submission.created_by": COMPANY, "review.Submission.sent_by": COMPANY, "review.Submission.decided_by": MARKET,
    "catalog.Version.saved_by": COMPANY, "assets.Picture.by": COMPANY, "assets.Asset.by": COMPANY, "assets.Upload.by": COMPANY,
    "assets.AssetVersion.by": COMPANY, "assets.AssetVersion.confirmed_by": COMPANY, "web_scan.WebTask.created_by": COMPANY,
    "web_scan.WebScan.by": COMPANY, "identity.StagedKey.created_by": COMPANY, "identity.AccessKey.created_by": COMPANY,
    "organisations.DirectoryToken.made_by": COMPANY, "organisations.ImportRun.by": COLLEAGUES,
    "organisations.PasswordFile.by": COLLEAGUES, "organisations.Invitation.invited_by": COLLEAGUES,
    "identity.Invitation.invited_by": COLLEAGUES, "identity.OperatorInvitation.invited_by": COLLEAGUES,
    "identity.MarketInvitation.invited_by": COLLEAGUES,
    "audit.Entry.actor": "found by the address, with this key beside it",
    "organisations.AdminVisit.member": "for hours; the sign-in is in the log", "auth_centre.Grant.member": "tokens of an application",
}  # fmt: skip
"""Foreign keys to an account or to a member of an enterprise whose rows are in no copy, with the reason."""
DELETED_ONLY = {
    "catalog.TargetBuyer": COMPANY, "organisations.Invitation": "found by its email only; the mail says all of it",
}  # fmt: skip
"""The same for what an erasure deletes or empties."""


def test_every_foreign_key_to_a_person_is_exported_or_excluded_with_a_reason() -> None:
    exported = {(subject.model, subject.whose.partition("__")[0]) for subject in EVERY}
    through = {subject.model for subject in EVERY if subject.whose.endswith(("__buyer", "__user"))}
    relations = [
        relation
        for person in (User, Member)
        for relation in person._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel)
    ]
    left = {
        f"{relation.related_model._meta.label}.{relation.field.name}"
        for relation in relations
        if (relation.related_model, relation.field.name) not in exported
        and not (relation.field.name == "buyer" and relation.related_model in through)
    }
    assert left == set(NOT_EXPORTED)


def test_every_column_that_an_erasure_clears_is_exported_or_excluded_with_a_reason() -> None:
    personal = {cleared.model for context in declared.CONTEXTS.values() for cleared in context.deleted}
    personal |= {cleared.model for context in declared.CONTEXTS.values() for cleared in context.emptied}
    assert {model._meta.label for model in personal - {subject.model for subject in EVERY}} == set(DELETED_ONLY)
