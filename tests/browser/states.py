"""A chapter of history.py: the states that no object of the market is in.

``without_object`` reads every column of a model that holds a state. ``PASSING`` lists the states without an object in
the crawl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

STATE_COLUMNS = ("status", "decision")
SOON = "lasts for a moment, until the worker goes on"
LATER = "needs days of market time, which would end other objects"
NOT_MADE = "no chapter makes it yet"
PASSING: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "applications.Sync=running", "assets.AssetVersion=checking", "compute.OrphanServer=deleting", "compute.Server=creating",
            "compute.Task=waiting", "exports.Export=waiting", "licenses.LicenseRequest=asking", "orders.Refund=approved",
            "organisations.ImportRun=checking", "organisations.ImportRun=importing", "organisations.PasswordFile=making",
            "payments.Intent=created", "review.Submission=checking", "settlement.Statement=to_apply",
            "subscriptions.Subscription=releasing", "web_scan.WebScan=running",
        ),
        SOON,
    ),
    **dict.fromkeys(
        (
            "assets.Upload=expired", "compute.Server=failed", "images.PeriodImage=expired", "notifications.NoticeDelivery=deferred",
            "notifications.NoticeDelivery=failed", "notifications.NoticeDelivery=summed_up",
        ),
        LATER,
    ),
    **dict.fromkeys(
        (
            "applications.Sync=done", "applications.TenantBinding=unbinding", "assets.AssetVersion=replaced", "assets.Upload=open",
            "assets.Upload=terminated", "catalog.Version=draft", "catalog.Version=dropped", "compute.OrphanServer=released",
            "fulfilment.Operation=dropped", "identity.MarketInvitation=accepted", "identity.OperatorInvitation=accepted",
            "images.PeriodImage=refunded", "licenses.LicenseCode=withdrawn", "licenses.LicenseRequest=withdrawn",
            "organisations.ImportRun=unreadable", "organisations.Invitation=accepted", "organisations.PasswordFile=stopped",
            "payments.ProviderFact=void", "web_scan.WebScan=broken",
        ),
        NOT_MADE,
    ),
}  # fmt: skip
"""States without an object, as ``app.Model=state``, with the reason."""


def count_states(_seller_url: str) -> dict[str, str]:
    return {"states without an object": " ".join(sorted(without_object()))}


def without_object() -> Iterator[str]:
    from django.apps import apps

    for model in apps.get_models():
        for field in model._meta.fields:
            if field.name in STATE_COLUMNS and field.choices:
                used = set(model._default_manager.values_list(field.name, flat=True).distinct())
                for value, _words in field.flatchoices:
                    if value and value not in used:
                        yield f"{model._meta.label}={value}"
