"""Issue 28, must show 4: "Erase a buyer with orders, invoices, complaints, uploads, an enterprise: a search through a database dump
and the files folder for name, address and phone finds only ledger, invoices, accepted agreements and audit."
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from tests.factories import NOW
from tests.market.engine import react
from tests.market.personal_data.leaks import found_in_files, found_in_tables, pattern_of
from tests.market.personal_data.rich_buyer import EMAIL, NAME, OTHER_STREET, PHONE, REAL_NAME, STREET, RichWorld
from tradepost.market import wiring
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.identity.models import User
from tradepost.market.personal_data import erase
from tradepost.market.personal_data.models import Erasure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PERSON = pattern_of(NAME, REAL_NAME, STREET, OTHER_STREET, EMAIL, phone=PHONE)
KEPT = {
    "payments.", "settlement.", "invoices.Invoice", "invoices.InvoiceItem", "invoices.IssuedInvoice", "invoices.ExplanationLetter",
    "identity.Acceptance", "identity.PolicyConsent", "audit.",
}  # fmt: skip
"""Ledger, invoices, accepted agreements and audit log."""


def erase_account(user: User) -> None:
    """Run the erasure of an account that has no hold."""
    now = clock.now()
    erasure = Erasure.objects.create(user=user, asked_at=NOW, due_at=NOW, begun_at=now)
    leased_jobs.start(erase.KIND, str(erasure.pk), payload={"erasure": erasure.pk}, now=now)
    tasks = {erase.KIND: wiring.LEASED_TASKS[erase.KIND]}
    [job] = leased_jobs.claim(tasks, now=now, wall=now, owner="test", limit=1)
    leased_jobs.work_on(leased_jobs.RunningJob(job), tasks[erase.KIND], now=lambda: now)
    job.refresh_from_db()
    assert (job.outcome, job.error) == ("done", "")
    with transaction.atomic():
        react(now=now)


WRITTEN_TO = {
    "account_emailaddress", "app_keys_appkey", "approvals_request", "assets_proof", "audit_entry", "base_move", "compute_server",
    "compute_task", "fulfilment_operation", "identity_accountlock", "identity_buyerkey", "identity_user", "invoices_invoice",
    "invoices_invoicetitle", "metering_refusedrecord", "notifications_endpoint", "notifications_notice", "notifications_noticedelivery",
    "notifications_receiver", "orders_orderline", "orders_refund", "organisations_directorytoken", "organisations_enterpriseact",
    "organisations_importrun", "payments_transfer", "payments_withdrawal", "production_attempt", "production_call",
    "service_desk_complaint", "service_desk_customerdemand", "service_desk_demand", "subscriptions_freeze", "supervision_appeal",
    "supervision_visit", "work_queue_handling", "work_queue_handlingchange",
}  # fmt: skip
"""Tables that contain the person before the erasure: they prove that the search works."""
FORMS_THAT_TOOK_IT, FILES = 25, 10


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> RichWorld:
    """Commit the rows so that ``pg_dump`` reads them; the test empties the database."""
    del django_db_setup
    with django_db_blocker.unblock(), transaction.atomic():
        return RichWorld()


def test_search_of_dump_and_files_finds_only_what_is_kept(world: RichWorld) -> None:
    files = Path(config().files)
    assert len(world.typed) >= FORMS_THAT_TOOK_IT, sorted(world.typed)
    before = found_in_tables(PERSON)
    assert before.keys() >= WRITTEN_TO
    assert len(found_in_files(files, PERSON)) >= FILES
    erase_account(world.buyer)
    after = found_in_tables(PERSON)
    kept_tables = {
        model._meta.db_table
        for model in apps.get_models()
        if not KEPT.isdisjoint({model._meta.label, f"{model._meta.app_label}."})
    }
    assert {name: hits for name, hits in after.items() if name not in kept_tables} == {}
    assert {"invoices_invoice", "audit_entry", "payments_withdrawal"} <= after.keys(), "what the law asks for is kept"
    assert found_in_files(files, PERSON) == []
