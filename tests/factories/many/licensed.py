"""Licenses: for each fourth service a code with three days of usage, and for each other fourth an application for a
machine. App keys: two per service, one of them revoked.
"""

from __future__ import annotations

import hashlib

from tradepost.market.app_keys.models import AppKey
from tradepost.market.licenses.models import LicenseCode, LicenseRequest, SoftwareUsage

from .insert import insert, text

CODED, APPLIED = "mod(s.id, 4) IN (0, 1)", "mod(s.id, 4) IN (1, 2)"
FINGERPRINT = hashlib.sha256(b"machine").hexdigest()


def licenses() -> None:
    insert(
        LicenseCode, f"subscriptions_subscription s WHERE s.status <> 'opening' AND {CODED}", code="'PL' || s.id",
        seller_id="s.seller_id", product_id="s.product_id", subscription_id="s.id", status=text("active"),
        issued_at="s.created_at", ordered_at="s.created_at", taken_at="s.created_at", activated_at="s.created_at",
        effective_at="s.created_at", queried_at="s.created_at",
    )  # fmt: skip
    insert(
        LicenseCode, "generate_series(1, 3) n", code="'PLTEST' || n", seller_id="1", product_id="1", status=text("taken"),
        issued_at="now()", ordered_at="now()",
    )  # fmt: skip
    insert(
        SoftwareUsage, "licenses_licensecode c, generate_series(0, 2) d WHERE c.subscription_id IS NOT NULL", license_id="c.id",
        day="(c.issued_at + d * interval '1 day')::date", client_id="'client-' || d",
        reported_at="c.issued_at + d * interval '1 day'",
    )  # fmt: skip
    insert(
        LicenseRequest, f"subscriptions_subscription s WHERE s.status <> 'opening' AND {APPLIED}", event_id="'event-' || s.id",
        seller_id="s.seller_id", subscription_id="s.id", fingerprint=text("machine"), fingerprint_hash=text(FINGERPRINT),
        status="CASE WHEN mod(s.id, 8) = 1 THEN 'promised' ELSE 'delivered' END", asked_at="s.created_at",
    )  # fmt: skip
    insert(
        AppKey, "subscriptions_subscription s, generate_series(0, 1) n WHERE s.status <> 'opening'", subscription_id="s.id",
        name="'key ' || n", app_key="'TP' || s.id || 'N' || n", secret_hash=text(FINGERPRINT), created_by=text("buyer"),
        created_at="s.created_at", revoked_at="CASE WHEN n = 0 THEN s.created_at END",
    )  # fmt: skip
