"""Operators never act on their own account, seller or enterprise, on any page of the console.

``access.operator_required`` checks each act. The object in the address is found by its kind (``audit_acts``); objects
that only a form names are declared in ``FORM_CHECKS``. A test posts to every console address with an object of the
operator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus

from django.db.models import Model
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from tradepost.market.applications.models import TenantBinding
from tradepost.market.approvals.models import Request
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.models import Arrears
from tradepost.market.catalog.models import Product
from tradepost.market.compute.models import Server, Task
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.operator_queries import sellers_named
from tradepost.market.images.models import PeriodImage
from tradepost.market.invoices.models import Invoice
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.organisations import import_members, password_files
from tradepost.market.organisations.import_models import ImportRun
from tradepost.market.organisations.models import Enterprise
from tradepost.market.organisations.own_companies import OwnCompanies, OwnerLookups, own_companies_of
from tradepost.market.organisations.password_models import PasswordFile
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.intent_queries import find_buyer, find_reference
from tradepost.market.payments.models import Transfer
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.probes.models import Health, WorkItem
from tradepost.market.review.models import Submission
from tradepost.market.service_desk.models import Complaint, Demand
from tradepost.market.settlement.models import FeeRule, Statement
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Appeal, Supervision
from tradepost.market.work_queue.registry import sources

from .audit_acts import ACTS, KINDS

PARTIES: Mapping[type[Model], OwnerLookups] = {
    Appeal: OwnerLookups(users=("supervision__buyer_id",), sellers=("supervision__seller_id",)),
    Arrears: OwnerLookups(users=("buyer_id",)),
    Complaint: OwnerLookups(users=("buyer_id",), sellers=("seller_id",)),
    Demand: OwnerLookups(users=("buyer_id",), sellers=("seller_id", "passed__seller_id")),
    Drift: OwnerLookups(users=("subscription__buyer_id",), sellers=("seller_id",)),
    Enterprise: OwnerLookups(users=("buyer_id",), sellers=("test_seller_id",), enterprises=("pk",)),
    FeeRule: OwnerLookups(sellers=("seller_id",)),
    Health: OwnerLookups(sellers=("product__seller_id",)),
    Intent: OwnerLookups(users=("user_id",), sellers=("seller_id",)),
    Invoice: OwnerLookups(users=("buyer_id",), sellers=("seller_id", "payer_id")),
    LeasedJob: OwnerLookups(sellers=("seller_id",)),
    NoticeDelivery: OwnerLookups(
        users=("notice__user_id", "receiver__user_id", "endpoint__user_id"),
        sellers=("seller_id", "receiver__seller_id", "endpoint__seller_id"),
    ),
    Operation: OwnerLookups(users=("subscription__buyer_id", "line__buyer_id"), sellers=("seller_id",)),
    Order: OwnerLookups(users=("buyer_id",), sellers=("lines__seller_id",)),
    PeriodImage: OwnerLookups(users=("buyer_id",), sellers=("service__seller_id",)),
    Product: OwnerLookups(sellers=("seller_id",)),
    ProviderFact: OwnerLookups(users=("user_id", "intent__user_id"), sellers=("seller_id", "intent__seller_id")),
    Refund: OwnerLookups(users=("buyer_id",), sellers=("seller_id",)),
    Request: OwnerLookups(users=("user_id", "other_user_id"), sellers=("seller_id",)),
    Seller: OwnerLookups(sellers=("pk",)),
    Server: OwnerLookups(users=("buyer_id",), sellers=("seller_id",)),
    Statement: OwnerLookups(sellers=("seller_id",)),
    Submission: OwnerLookups(users=("created_by_id", "sent_by_id"), sellers=("seller_id",)),
    Subscription: OwnerLookups(users=("buyer_id",), sellers=("seller_id",)),
    Supervision: OwnerLookups(users=("buyer_id",), sellers=("seller_id",)),
    Task: OwnerLookups(users=("server__buyer_id",), sellers=("server__seller_id",)),
    TenantBinding: OwnerLookups(
        users=("enterprise__buyer_id", "subscription__buyer_id"),
        sellers=("application__seller_id", "enterprise__test_seller_id"),
        enterprises=("enterprise_id",),
    ),
    Transfer: OwnerLookups(
        users=("entries__account__user_id", "corrections__account__user_id"), sellers=("entries__account__seller_id",)
    ),
    User: OwnerLookups(users=("pk",)),
    Withdrawal: OwnerLookups(users=("user_id",)),
    WorkItem: OwnerLookups(sellers=("product__seller_id",)),
}
"""Columns with the parties of an object. Former members remain the authors of their submissions."""

type FormCheck = Callable[[Mapping[str, object], QueryDict, OwnCompanies], bool]
"""Returns whether the address and the form name the operator's own account or company."""


def _pk(kwargs: Mapping[str, object]) -> int:
    return int(str(kwargs["pk"]))


def _number(form: QueryDict, field: str) -> int:
    return whole_number(form.get(field, "")) or 0


def _buyer_of_money(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    """Check the buyer in the form, and the buyer whose reference number came with the money."""
    recipient = form.get("whose", "")
    announced, buyer = find_reference(recipient), find_buyer(recipient) if recipient.strip() else None
    fact = ProviderFact.objects.filter(pk=_pk(kwargs)).first()
    received = find_reference(fact.words) if fact is not None else None
    own_transfer = any(_is_own_transfer(intent, own) for intent in (announced, received) if intent is not None)
    return own_transfer or (buyer is not None and buyer.pk in own.users)


def _announced_transfer(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    del kwargs
    intent = find_reference(form.get("words", ""))
    return intent is not None and _is_own_transfer(intent, own)


def _is_own_transfer(intent: Intent, own: OwnCompanies) -> bool:
    return intent.user_id in own.users or intent.seller_id in own.sellers


def _right_buyer(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    """Check the buyer to whom a correction moves money."""
    del kwargs
    recipient = form.get("whose", "")
    buyer = find_buyer(recipient) if recipient.strip() else None
    return buyer is not None and buyer.pk in own.users


def _demand_author(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    del kwargs
    email = form.get("email", "").strip()
    buyer = find_buyer(email) if email else None
    return buyer is not None and buyer.pk in own.users


def _demand(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    """Check the author of a demand, who is known by email if not signed in; the product of an answer; the seller of a
    request."""
    demand = Demand.objects.filter(pk=_pk(kwargs)).first()
    author = find_buyer(demand.email) if demand is not None and demand.email else None
    if author is not None and author.pk in own.users:
        return True
    product = Product.objects.filter(pk=_number(form, "product"), seller__in=own.sellers)
    return _seller(kwargs, form, own) or product.exists()


def _seller(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    del kwargs
    return _number(form, "seller") in own.sellers


def _server(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    del kwargs
    return _belongs(Server, "pk", _number(form, "server"), own)


def _job(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    del form
    return bool(own_jobs(LeasedJob.objects.filter(pk=_pk(kwargs)), own))


def _entry(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    del form
    return entry_is_own(str(kwargs["source"]), _pk(kwargs), own)


def _seller_of_fee(kwargs: Mapping[str, object], form: QueryDict, own: OwnCompanies) -> bool:
    del kwargs
    name = form.get("seller", "").strip()
    return bool(name) and any(seller.pk in own.sellers for seller in sellers_named(name, most=20))


FORM_CHECKS: Mapping[str, FormCheck] = {
    "fee_new": _seller_of_fee,
    "unmatched_assign": _buyer_of_money,
    "unmatched_send_back": _buyer_of_money,
    "unmatched_record": _announced_transfer,
    "booking_correct": _right_buyer,
    "demand_new": _demand_author,
    "demand_answer": _demand,
    "demand_pass": _demand,
    "demand_close": _demand,
    "reconcile_compare": _seller,
    "image_bind": _server,
    "leased_job_cancel": _job,
    "queue_assign": _entry,
    "queue_put_off": _entry,
    "queue_note": _entry,
}
"""URL name → check, for acts whose form names a party, or whose object is not found by its kind."""
STORE_REASON = "a category belongs to the store"
BRANDING_REASON = "the branding is the market's"
SEARCH_REASON = "synonyms belong to the search of the store"
ORPHAN_REASON = "a server in the cloud that belongs to no order is the store's"
REGISTRATION_REASON = "registration concerns people who have no account or company yet"
AGREEMENT_REASON = "an agreement is between the market and everybody"
WITHOUT_PARTY: Mapping[str, str] = {
    "export_new": "an operator's own exports are theirs",
    "export_delete": "an operator's own exports are theirs",
    "list_export": "a list holds rows of many accounts and companies; reading them is no act on one",
    "notices_read": "an operator's own notices are theirs to read",
    "notice_open": "an operator's own notices are theirs to read",
    "notice_settings": "operators choose their own notices",
    "demand_mail_aside": "a mail that became no demand belongs to no account",
    "operator_invite": "an invited address belongs to nobody yet",
    "operator_invite_again": "an invited address belongs to nobody yet",
    "operator_invite_revoke": "an invited address belongs to nobody yet",
    **dict.fromkeys(
        ("provider_new", "provider", "provider_delete", "operator_passwords"), "how all operators and buyers sign in"
    ),
    "registration": REGISTRATION_REASON,
    "registration_invite": REGISTRATION_REASON,
    "registration_again": REGISTRATION_REASON,
    "registration_withdraw": REGISTRATION_REASON,
    "first_sale_card": "the checklist is that of the whole market",
    "agreement": AGREEMENT_REASON,
    "agreement_publish": AGREEMENT_REASON,
    "agreement_discard": AGREEMENT_REASON,
    "category": STORE_REASON,
    "category_new": STORE_REASON,
    "category_move": STORE_REASON,
    "category_hide": STORE_REASON,
    "category_show": STORE_REASON,
    "category_delete": STORE_REASON,
    "branding": BRANDING_REASON,
    "branding_picture": BRANDING_REASON,
    "branding_reset": BRANDING_REASON,
    "synonym": SEARCH_REASON,
    "synonym_new": SEARCH_REASON,
    "synonym_delete": SEARCH_REASON,
    "approval_limit": "the limit belongs to the market",
    "clock": "the clock of a sandbox is everybody's",
    "orphans_look": ORPHAN_REASON,
    "orphan_keep": ORPHAN_REASON,
    "orphan_release": ORPHAN_REASON,
}
"""Acts that concern no account or company, with the reason."""
_PAGES: Mapping[str, str] = {
    **{name: named.kind for name, named in ACTS.items() if named.kind},
    **{kind.page: name for name, kind in KINDS.items() if kind.page},
    "account_access": "account",
}
"""URL name of a page → kind of the object that it shows. A page may post its form to its own address."""


def refusal_message() -> str:
    return _("This concerns your own account or a company you belong to. Another operator has to handle it.")


def refuse(request: HttpRequest, operator: User) -> None:
    """Raise ``Refused`` (403) if an act concerns the operator's own account or company. Call it in the act's
    transaction."""
    match = request.resolver_match
    name, kwargs = (match.url_name or "", match.kwargs) if match else ("", {})
    if name in WITHOUT_PARTY:
        return
    own, act = own_companies_of(operator, now=request.now), ACTS.get(name)  # type: ignore[attr-defined]
    by_kind = act is not None and act.kind in KINDS and _is_own(act.kind, kwargs, own)
    if by_kind or (name in FORM_CHECKS and FORM_CHECKS[name](kwargs, request.POST, own)):
        raise Refused("own.business", refusal_message(), HTTPStatus.FORBIDDEN)


def shows_own_object(request: HttpRequest, operator: User) -> bool:
    """Return whether this console page shows an object of the operator's own, on which they cannot act."""
    match = request.resolver_match
    kind = _PAGES.get(match.url_name or "") if match else None
    if kind is None or match is None:
        return False
    return _is_own(kind, match.kwargs, own_companies_of(operator, now=request.now))  # type: ignore[attr-defined]


def own_rows(model: type[Model], keys: Collection[object], own: OwnCompanies) -> set[object]:
    """Return the primary keys of the rows that concern the operator's own account or company."""
    condition = PARTIES[model].condition(own)
    if condition is None or not keys:
        return set()
    return set(model._default_manager.filter(condition, pk__in=keys).values_list("pk", flat=True))  # noqa: SLF001


def own_jobs(jobs: Iterable[LeasedJob], own: OwnCompanies) -> set[int]:
    """Return the background jobs of own sellers, and those on imports and passwords of own enterprises."""
    keys, runs, files = set[int](), dict[int, int](), dict[int, int]()
    for job in jobs:
        if job.seller_id in own.sellers:
            keys.add(job.pk)
        elif job.kind in {import_members.VALIDATE, import_members.IMPORTS}:
            runs[job.payload["run"]] = job.pk
        elif job.kind == password_files.MAKE:
            files[job.payload["file"]] = job.pk
    for model, of_model in ((ImportRun, runs), (PasswordFile, files)):
        if of_model and own.enterprises:
            own_rows_of_model = model._default_manager.filter(pk__in=of_model, enterprise__in=own.enterprises)  # noqa: SLF001
            keys.update(of_model[pk] for pk in own_rows_of_model.values_list("pk", flat=True))
    return keys


def entry_is_own(source: str, pk: int, own: OwnCompanies) -> bool:
    """Return whether a work queue entry concerns the operator's own account or company."""
    queue_source = sources().get(source)
    return queue_source is not None and _belongs(queue_source.rows().model, "pk", pk, own)


def _is_own(kind: str, kwargs: Mapping[str, object], own: OwnCompanies) -> bool:
    model, key = KINDS[kind].model, kwargs.get(KINDS[kind].key)
    return model is not None and key is not None and _belongs(model, KINDS[kind].by, key, own)


def _belongs(model: type[Model], by: str, key: object, own: OwnCompanies) -> bool:
    parties = PARTIES.get(model)
    condition = parties.condition(own) if parties is not None else None
    return condition is not None and model._default_manager.filter(condition, **{by: key}).exists()  # noqa: SLF001
