"""Create codes for paid orders and for tests, let buyers take them, and look them up (saas-v1-license §B2).

Fulfilment activates codes, because the paid time starts then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, rows
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Subscription

from .code_lifecycle import LICENSE_CODE, CodeEvent
from .code_models import LicenseCode

MAX_TEST_CODES = 100
"""Maximum number of test codes per product."""
STAMP_INTERVAL = timedelta(minutes=1)
"""Precision of ``queried_at``. Writing on every query would turn all reads into writes."""


class Issue(Struct, frozen=True, kw_only=True):
    """A service for which to create a code, with the time of its order."""

    subscription: Subscription
    ordered_at: datetime


def issue(issues: Iterable[Issue], *, now: datetime) -> list[LicenseCode]:
    """Create a code for each of these new services, in the caller's transaction."""
    return rows.create(
        LicenseCode(
            code=ids.license_code(), seller_id=item.subscription.seller_id, product_id=item.subscription.product_id,
            subscription=item.subscription, issued_at=now, ordered_at=item.ordered_at,
        )
        for item in issues
    )  # fmt: skip


def issue_test(product: Product, *, now: datetime) -> LicenseCode:
    """Create a code without a purchase, with which the seller tests its software (business-rules §2.5)."""
    if not product_type(product.product_type).issues_codes:
        raise Refused("license.no_codes", _("This product is not delivered by authorisation codes."))
    with transaction.atomic():
        Product.objects.select_for_update(no_key=True).get(pk=product.pk)
        if LicenseCode.objects.filter(product=product, subscription=None).count() >= MAX_TEST_CODES:
            words = _("This product has %(most)s test codes already. Use one of those.") % {"most": MAX_TEST_CODES}
            raise Refused("license.too_many_tests", words)
        return LicenseCode.objects.create(
            code=ids.license_code(), seller_id=product.seller_id, product=product, issued_at=now, ordered_at=now,
            status=LicenseCode.Status.TAKEN, taken_at=now,
        )  # fmt: skip


def is_tested(product: Product) -> bool:
    """Return whether a test code was activated and queried, as required before the product is sold (business-rules
    §2.5)."""
    test_codes = LicenseCode.objects.filter(product=product, subscription=None)
    return test_codes.exclude(activated_at=None).exclude(queried_at=None).exists()


def take(subscription: Subscription, *, actor: str, now: datetime) -> LicenseCode:
    """Let the buyer take the code. It can be activated from now on, and the order cannot be unsubscribed
    (business-rules §2.10).

    Idempotent. The caller has locked ``subscription``. Raises ``Refused``.
    """
    code = locked_of(subscription)
    if code is None or code.status == LicenseCode.Status.WITHDRAWN:
        raise Refused("license.no_code", _("There is no code to take, because the order was returned."))
    if code.status != LicenseCode.Status.ISSUED:
        return code
    LICENSE_CODE.move_all([code], CodeEvent.TAKE, now=now, actor=actor, taken_at=now)
    subscription.instance_id = code.code
    subscription.save(update_fields=["instance_id"])
    return code


def withdraw(subscription: Subscription, *, actor: str, now: datetime) -> None:
    """Invalidate the code of a refunded order. The caller has locked ``subscription``."""
    code = locked_of(subscription)
    if code is not None and LICENSE_CODE.allows(code.status, CodeEvent.GIVE_BACK):
        LICENSE_CODE.move_all([code], CodeEvent.GIVE_BACK, now=now, actor=actor)


def locked_of(subscription: Subscription) -> LicenseCode | None:
    """Return the code of a locked service, locked."""
    return LicenseCode.objects.select_for_update(of=("self",)).filter(subscription=subscription).first()


def find_codes(seller_id: int, codes: Sequence[str]) -> dict[str, LicenseCode]:
    """Return the seller's codes among these by code, with service and offer. Does not lock."""
    sellers_codes = LicenseCode.objects.filter(seller=seller_id, code__in=codes)
    unread_columns = ("sealed_access", "sealed_license")
    codes_found = sellers_codes.select_related("subscription__offer").defer(
        *(f"subscription__{name}" for name in unread_columns)
    )
    return {code.code: code for code in codes_found}


def record_query(queried: Iterable[LicenseCode], *, now: datetime) -> None:
    """Record the time of the query, at most once a minute per code."""
    outdated_keys = [code.pk for code in queried if code.queried_at is None or now - code.queried_at >= STAMP_INTERVAL]
    if outdated_keys:
        LicenseCode.objects.filter(pk__in=outdated_keys).update(queried_at=now)
