"""Every table has a retention rule, or a reason why its rows stay."""

from __future__ import annotations

from django.apps import apps

from tradepost.market.base.config import Config
from tradepost.market.base.settings.reading import fields_of
from tradepost.market.old_rows import RETENTION

STAYING = {
    "identity": "accounts, sellers and their keys, companies and what they agreed to",
    "review": "what was handed in, and how it was decided: evidence",
    "catalog": "what is and was sold: orders point to it",
    "orders": "what was bought: kept as the books are",
    "payments": "the ledger is append-only",
    "subscriptions": "what a buyer holds and held",
    "metering": "usage is money: records are append-only, as the ledger is",
    "invoices": "kept as the books are; titles are a buyer's own, at most fifty",
    "supervision": "what was handed over and accepted is evidence in a dispute: goes with its order",
    "settlement": "what sellers earned and were paid: goes with the ledger",
    "billing": "what was charged and how it was paid: goes with the ledger",
    "approvals": "who asked for what, and who decided: evidence",
    "app_keys": "keys that buyers created, and when each was revoked",
    "licenses": "what a buyer applied for and holds",
    "organisations": "sellers know enterprises and people by what stands here, and nobody gets a former one's name; history is evidence",
    "fulfilment": "what was done for an order; goes with it",
    "compute": "what ran for whom, from when until when: what images are charged by",
    "images": "what was covered and what was charged: goes with the charges",
}
"""Contexts whose rows stay."""
STAYING_MODELS = {
    "applications.Application": "a seller's own, at most fifty",
    "applications.Client": "one an enterprise and application",
    "applications.TenantBinding": "who used what, and from when until when: evidence",
    "applications.BoundGroup": "goes with its binding",
    "applications.BoundDepartment": "goes with its binding",
    "applications.Authorisation": "one a binding and member: what a seller knows of a person",
    "applications.SyncedDepartment": "what a seller knows of an enterprise: goes with its binding",
    "notifications.Receiver": "an owner's own, few",
    "notifications.Endpoint": "an owner's own, few",
    "notifications.Preference": "goes with whose it is, few",
    "notifications.ReadMark": "one row a person",
    "auth_centre.Jwk": "one in three months",
    "auth_centre.Consent": "what somebody agreed to: a proof, goes with the member",
    "assets.Asset": "a seller's own, at most five hundred",
    "assets.FileScan": "goes with the last document of its content; that of an invoice stays with it",
    "assets.PictureUse": "goes with what refers to the picture",
    "assets.ProofUse": "goes with what refers to the document",
    "base.MarketIdentity": "one row",
    "personal_data.Erasure": "which accounts were erased, when, and who asked for it: evidence",
    "branding.Branding": "one row",
    "base.SandboxClock": "one row",
    "base.Event": "deleted once every reaction ran",
    "base.Job": "deleted when finished",
    "base.WorkerProcess": "deleted an hour after its worker fell silent",
    "production.Address": "a seller's own, few",
    "production.Binding": "one a product",
    "production.NoticeBinding": "one a product, or one a seller and product type",
    "debugging.DebugCase": "a seller's own, few",
    "debugging.DebugRun": "goes with its call",
    "debugging.ApiTrial": "a seller's own, at most twenty events and a few mock orders",
    "industrial_road.RetrofitAnswer": "a seller's own, one for each item of the standard",
    "probes.ProbeDay": "what is known of a product's days, one a day",
    "probes.Health": "one a product",
    "probes.FailedOrder": "counted as long as the orders are",
    "probes.WorkItem": "what operators decided, few",
    "assets.FalsePositive": "what an operator decided: evidence, few",
    "audit.Clearance": "tells of what was deleted, at most one a night",
    "work_queue.HandlingChange": "goes with the handling of its entry",
    "web_scan.WebTask": "a seller's own, few",
    "web_scan.WebFinding": "goes with its run",
    "web_scan.FalsePositive": "what an operator decided: evidence, few",
    "service_desk.Complaint": "what operators decided: evidence, by which a seller's penalties are counted",
    "service_desk.CustomerDemand": "goes with its demand",
    "web_scan.ScanUse": "with what a product was handed in: evidence",
}


def test_every_table_has_a_rule_or_a_reason() -> None:
    ruled = {rule.model._meta.label for rule in RETENTION}
    ours = {
        model._meta.label: model._meta.app_label
        for config in apps.get_app_configs()
        if config.name.startswith("tradepost.")
        for model in config.get_models()
    }
    assert {
        label for label, app in ours.items() if label not in ruled | set(STAYING_MODELS) and app not in STAYING
    } == set()
    assert set(STAYING_MODELS) <= set(ours), "a table that is gone needs no reason"
    assert not ruled & set(STAYING_MODELS)


def test_every_rule_has_a_setting_in_days_and_the_reverse() -> None:
    of_rules = {rule.setting for rule in RETENTION}
    assert {name for _context, name, _field in fields_of(Config) if name.startswith("keep_")} == of_rules
    assert all(name.endswith("_days") for name in of_rules)


def test_rows_deleted_earlier_come_before_rows_that_take_them_along() -> None:
    names = [rule.name for rule in RETENTION]
    assert names.index("attempt bodies") < names.index("attempts")
    assert names.index("sent mails") < names.index("notices")
