"""Publish the demo's products like any other: debug and save their cases, submit, replay, approve and list.

Uses the functions of the pages and waits for the sample seller's server and a worker. It may run at every start;
existing data is not changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import read_findings
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product, Sku
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.catalog.upgrade_rules import add_rule
from tradepost.market.debugging.asked import Form, form_of, initial_values
from tradepost.market.debugging.debug import debug
from tradepost.market.debugging.findings import first_mistake
from tradepost.market.debugging.missing import lacking_cases
from tradepost.market.debugging.models import DebugRun
from tradepost.market.identity.models import User
from tradepost.market.production.models import Address, Attempt
from tradepost.market.review import decide, hand_in
from tradepost.market.review import submit as sending
from tradepost.market.review.cases import case_of
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.product_versions import address_of, sold_properties
from tradepost.market.review.registry import review_kind

from .people import OPERATOR, OWNER
from .products import products

POLL_INTERVAL = 0.02
MAX_WAIT = 120.0
"""Maximum seconds for a response of the server, or a replay."""
REVIEW_KIND = "publish"


class StoppingError(Exception):  # not an error
    """The process is about to stop."""


class Road(Struct, frozen=True, kw_only=True):
    """Context of the process. ``seller_address``: of the sample seller's server; products at other addresses are
    skipped."""

    seller_address: str
    settings: Config
    now: Callable[[], datetime]
    stopped: Callable[[], bool] = lambda: False

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Wait until another process is done. Raises ``StoppingError``, or ``Refused`` after the time limit. No transaction
        is open meanwhile."""
        end = time.monotonic() + MAX_WAIT
        while not done():
            if self.stopped():
                raise StoppingError
            if time.monotonic() > end:
                raise Refused("seed.road", _("Not completed in time: %(what)s.") % {"what": what})
            time.sleep(POLL_INTERVAL)


def is_published() -> bool:
    """Return whether no product of the demo waits to be listed."""
    return not _demo_products().filter(status=Product.Status.DRAFT).exists()


def publish_all(road: Road) -> None:
    """Publish all products. Raises ``StoppingError``, and ``Refused`` for problems that a person has to solve."""
    owner, operator = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR))
    for product in _in_order():
        address = address_of(product)
        if address is not None and address.url == road.seller_address:
            debug_missing_cases(road, product, address, owner)
            if product.status == Product.Status.DRAFT:
                submit_once(road, product, owner)
    for product in _in_order():
        approve(road, product, operator)


def _demo_products() -> QuerySet[Product]:
    return Product.objects.filter(slug__in=[product.slug for product in products()])


def _in_order() -> Iterator[Product]:
    """Yield the products in the order of listing."""
    products_by_slug = {product.slug: product for product in _demo_products().select_related("seller")}
    return (products_by_slug[product.slug] for product in products() if product.slug in products_by_slug)


def debug_missing_cases(
    road: Road, product: Product, address: Address, owner: User, typed: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Debug and save missing and invalid required cases. ``typed``: values for forms that ask for them."""
    document = listed_document(product)
    if document is None:
        version = newest_version(product)
        document = documents.load(version.document) if version is not None else None
    if document is None:
        return
    # The demo also sells renewals with a change, which is optional (saas-v2 §8.2).
    sells = replace(sold_properties(document, upgrades=product.slug in _with_upgrades()), renewal_changes=True)
    for lack in lacking_cases(address, sells):
        case_address = Address.objects.get(pk=lack.address) if lack.address else address
        debug_case(road, form_of(case_address, lack.activity, lack.variant), owner, typed)


def debug_case(road: Road, form: Form, owner: User, typed: Mapping[str, str] = MappingProxyType({})) -> None:
    """Debug a case with the form's values and ``typed``. Raises ``Refused`` if it fails."""
    now, max_runs = road.now(), road.settings.debugging.test_calls_at_once
    form_values = initial_values(form, now=now)
    values = form_values | {path: value for path, value in typed.items() if path in form_values}
    run = debug(form, values, by=owner.email, now=now, most=max_runs)
    road.wait(lambda: DebugRun.objects.exclude(ended_at=None).filter(pk=run.pk).exists(), form.case.activity)
    _check_passed(run.pk)


def _check_passed(pk: int) -> None:
    run = DebugRun.objects.get(pk=pk)
    if not run.passed:
        attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first()
        mistake = (first_mistake(attempt.findings) or attempt.verdict) if attempt is not None else ""
        words = _("%(activity)s failed at %(url)s: %(found)s.")
        raise Refused("seed.case", words % {"activity": run.activity, "url": run.url, "found": mistake or "?"})


def submit_once(road: Road, product: Product, owner: User) -> None:
    """Submit once. A rejected or withdrawn submission is left to people."""
    if Submission.objects.filter(product=product, kind=REVIEW_KIND).exists():
        return
    now = road.now()
    agreed_keys = [
        agreement.pk for agreement in sending.required_agreements(review_kind(REVIEW_KIND), product.seller, now=now)
    ]
    try:
        hand_in.submit_draft(product, by=owner, settings=road.settings, now=now, agreed=agreed_keys)
    except Incomplete as incomplete:
        reasons = "; ".join(f"{finding.section} {finding.field}: {finding.words}" for finding in incomplete.findings)
        raise Refused("seed.incomplete", f"{product.slug}: {reasons}") from None


def approve(road: Road, product: Product, operator: User) -> None:
    """Approve as an operator who checked every item. A failed check is explained in the submission."""
    own_submissions = Submission.objects.filter(product=product, kind=REVIEW_KIND, sent_by__email=OWNER.email)
    pk = own_submissions.filter(status__in=OPEN).order_by("pk").values_list("pk", flat=True).first()
    if pk is None:
        return
    road.wait(lambda: not own_submissions.filter(pk=pk, status=Submission.Status.CHECKING).exists(), product.slug)
    sent_submission = own_submissions.get(pk=pk)
    if sent_submission.status != Submission.Status.PENDING:
        reasons = "; ".join(finding.words for finding in read_findings(sent_submission.findings))
        raise Refused("seed.checks", f"{product.slug}: {reasons or sent_submission.get_status_display()}")
    now = road.now()
    items = review_kind(sent_submission.kind).checklist(case_of(sent_submission, settings=road.settings, now=now))
    decide.approve(
        sent_submission, checklist=[item.code for item in items], by=operator, settings=road.settings, now=now
    )
    if product.slug in _with_upgrades():
        _add_rules(product, now)


def _with_upgrades() -> frozenset[str]:
    return frozenset(product.slug for product in products() if product.upgrades)


def _add_rules(product: Product, now: datetime) -> None:
    """Allow upgrades from each edition to the next."""
    codes = list(Sku.objects.filter(spec__product=product).order_by("pk").values_list("code", flat=True))
    for source, target in pairwise(codes):
        add_rule(product, source, target, now=now)
