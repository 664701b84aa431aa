"""Nobody books for themselves: an operator does not act on their own account, seller or enterprise, on any page of the console.

``access.operator_required`` asks before each act. The object in the address is known by its kind (``audit_acts``); an object
that only a form names is declared in ``IN_FORM``. A test posts to every address of the console with an object of the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus

from django.db.models import Model
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from tradepost.market.applications.models import TenantBinding
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.models import Arrears
from tradepost.market.catalog.models import Product
from tradepost.market.compute.models import Server, Task
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.identity.models import Seller, User
from tradepost.market.images.models import PeriodImage
from tradepost.market.invoices.models import Invoice
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.organisations import import_members, password_files
from tradepost.market.organisations.import_models import ImportRun
from tradepost.market.organisations.models import Enterprise
from tradepost.market.organisations.own_companies import Own, Parties, own_of
from tradepost.market.organisations.password_models import PasswordFile
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.intent_queries import find_buyer, find_reference
from tradepost.market.probes.models import Health, WorkItem
from tradepost.market.review.models import Submission
from tradepost.market.service_desk.models import Complaint, Demand
from tradepost.market.settlement.models import Statement
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.supervision.models import Appeal, Supervision
from tradepost.market.work_queue.registry import sources

from .audit_acts import ACTS, KINDS

PARTIES: Mapping[type[Model], Parties] = {
    Appeal: Parties(users=("supervision__buyer_id",), sellers=("supervision__seller_id",)),
    Arrears: Parties(users=("buyer_id",)),
    Complaint: Parties(users=("buyer_id",), sellers=("seller_id",)),
    Demand: Parties(users=("buyer_id",), sellers=("seller_id", "passed__seller_id")),
    Drift: Parties(users=("subscription__buyer_id",), sellers=("seller_id",)),
    Enterprise: Parties(users=("buyer_id",), sellers=("test_seller_id",), enterprises=("pk",)),
    Health: Parties(sellers=("product__seller_id",)),
    Intent: Parties(users=("user_id",)),
    Invoice: Parties(users=("buyer_id",), sellers=("seller_id", "payer_id")),
    LeasedJob: Parties(sellers=("seller_id",)),
    NoticeDelivery: Parties(
        users=("notice__user_id", "receiver__user_id", "endpoint__user_id"),
        sellers=("seller_id", "receiver__seller_id", "endpoint__seller_id"),
    ),
    Operation: Parties(users=("subscription__buyer_id", "line__buyer_id"), sellers=("seller_id",)),
    Order: Parties(users=("buyer_id",), sellers=("lines__seller_id",)),
    PeriodImage: Parties(users=("service__buyer_id",), sellers=("service__seller_id",)),
    Product: Parties(sellers=("seller_id",)),
    ProviderFact: Parties(users=("user_id", "intent__user_id")),
    Refund: Parties(users=("buyer_id",), sellers=("seller_id",)),
    Seller: Parties(sellers=("pk",)),
    Server: Parties(users=("buyer_id",), sellers=("seller_id",)),
    Statement: Parties(sellers=("seller_id",)),
    Submission: Parties(users=("created_by_id", "sent_by_id"), sellers=("seller_id",)),
    Subscription: Parties(users=("buyer_id",), sellers=("seller_id",)),
    Supervision: Parties(users=("buyer_id",), sellers=("seller_id",)),
    Task: Parties(users=("server__buyer_id",), sellers=("server__seller_id",)),
    TenantBinding: Parties(
        users=("enterprise__buyer_id", "subscription__buyer_id"),
        sellers=("application__seller_id", "enterprise__test_seller_id"),
        enterprises=("enterprise_id",),
    ),
    User: Parties(users=("pk",)),
    WorkItem: Parties(sellers=("product__seller_id",)),
}
"""Whose business an object is. A former member remains the author of what they submitted."""

type Named = Callable[[Mapping[str, object], QueryDict, Own], bool]
"""Whether an act concerns somebody's own account or company by what its address and form name."""


def _pk(kwargs: Mapping[str, object]) -> int:
    return int(str(kwargs["pk"]))


def _number(form: QueryDict, field: str) -> int:
    return whole_number(form.get(field, "")) or 0


def _buyer_of_money(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    """The buyer whom the form names, or whose reference number came with the money."""
    whose = form.get("whose", "")
    announced, buyer = find_reference(whose), find_buyer(whose) if whose.strip() else None
    fact = ProviderFact.objects.filter(pk=_pk(kwargs)).first()
    came = find_reference(fact.words) if fact is not None else None
    named = {one.user_id for one in (announced, came) if one is not None} | ({buyer.pk} if buyer else set())
    return bool(named & own.users)


def _announced(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    del kwargs
    intent = find_reference(form.get("words", ""))
    return intent is not None and intent.user_id in own.users


def _asker(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    del kwargs
    email = form.get("email", "").strip()
    buyer = find_buyer(email) if email else None
    return buyer is not None and buyer.pk in own.users


def _demand(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    """A demand that was raised without signing in names its asker by email; an answer names a product, a request a seller."""
    demand = Demand.objects.filter(pk=_pk(kwargs)).first()
    asker = find_buyer(demand.email) if demand is not None and demand.email else None
    if asker is not None and asker.pk in own.users:
        return True
    product = Product.objects.filter(pk=_number(form, "product"), seller__in=own.sellers)
    return _seller(kwargs, form, own) or product.exists()


def _seller(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    del kwargs
    return _number(form, "seller") in own.sellers


def _server(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    del kwargs
    return _belongs(Server, "pk", _number(form, "server"), own)


def _job(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    del form
    return bool(own_jobs(LeasedJob.objects.filter(pk=_pk(kwargs)), own))


def _entry(kwargs: Mapping[str, object], form: QueryDict, own: Own) -> bool:
    del form
    return entry_is_own(str(kwargs["source"]), _pk(kwargs), own)


IN_FORM: Mapping[str, Named] = {
    "unmatched_assign": _buyer_of_money,
    "unmatched_send_back": _buyer_of_money,
    "unmatched_record": _announced,
    "demand_new": _asker,
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
"""By the name of the address: acts whose form, or whose object in another way than by its kind, names somebody."""
OF_THE_STORE = "a category belongs to the store"
OF_NO_ORDER = "a server in the cloud that belongs to no order is the store's"
OF_NOBODY: Mapping[str, str] = {
    "notices_read": "an operator's own notices are theirs to read",
    "notice_open": "an operator's own notices are theirs to read",
    "notice_settings": "operators choose their own notices",
    "demand_mail_aside": "a mail that became no demand belongs to no account",
    "agreement": "an agreement is between the market and all sellers",
    "category": OF_THE_STORE,
    "category_new": OF_THE_STORE,
    "category_move": OF_THE_STORE,
    "category_hide": OF_THE_STORE,
    "category_show": OF_THE_STORE,
    "category_delete": OF_THE_STORE,
    "clock": "the clock of a sandbox is everybody's",
    "orphans_look": OF_NO_ORDER,
    "orphan_keep": OF_NO_ORDER,
    "orphan_release": OF_NO_ORDER,
}
"""Acts that concern no account and no company, with the reason."""
_PAGES: Mapping[str, str] = {kind.page: name for name, kind in KINDS.items() if kind.page}
"""Name of a page → kind of the object that it shows."""


def reason() -> str:
    return _("This concerns your own account or a company you belong to. Another operator has to handle it.")


def refuse(request: HttpRequest, operator: User) -> None:
    """Raise ``Refused`` (403) where an act concerns the operator's own account or company. Call it in the act's transaction."""
    match = request.resolver_match
    name, kwargs = (match.url_name or "", match.kwargs) if match else ("", {})
    if name in OF_NOBODY:
        return
    own, act = own_of(operator, now=request.now), ACTS.get(name)  # type: ignore[attr-defined]
    by_kind = act is not None and act.kind in KINDS and _is_own(act.kind, kwargs, own)
    if by_kind or (name in IN_FORM and IN_FORM[name](kwargs, request.POST, own)):
        raise Refused("own.business", reason(), HTTPStatus.FORBIDDEN)


def is_shown(request: HttpRequest, operator: User) -> bool:
    """Whether this page of the console shows an object of the operator's own, on which they cannot act."""
    match = request.resolver_match
    kind = _PAGES.get(match.url_name or "") if match else None
    if kind is None or match is None:
        return False
    return _is_own(kind, match.kwargs, own_of(operator, now=request.now))  # type: ignore[attr-defined]


def own_rows(model: type[Model], keys: Collection[object], own: Own) -> set[object]:
    """Of the rows of a list those that are somebody's own business, by primary key."""
    condition = PARTIES[model].condition(own)
    if condition is None or not keys:
        return set()
    return set(model._default_manager.filter(condition, pk__in=keys).values_list("pk", flat=True))  # noqa: SLF001


def own_jobs(jobs: Iterable[LeasedJob], own: Own) -> set[int]:
    """Return the background jobs of somebody's sellers, and those on tables and passwords of members of their enterprises."""
    found, runs, files = set[int](), dict[int, int](), dict[int, int]()
    for job in jobs:
        if job.seller_id in own.sellers:
            found.add(job.pk)
        elif job.kind in {import_members.LOOK, import_members.IMPORTS}:
            runs[job.payload["run"]] = job.pk
        elif job.kind == password_files.MAKE:
            files[job.payload["file"]] = job.pk
    for model, of_model in ((ImportRun, runs), (PasswordFile, files)):
        if of_model and own.enterprises:
            mine = model._default_manager.filter(pk__in=of_model, enterprise__in=own.enterprises)  # noqa: SLF001
            found.update(of_model[pk] for pk in mine.values_list("pk", flat=True))
    return found


def entry_is_own(source: str, pk: int, own: Own) -> bool:
    """Whether an entry of the work queue is somebody's own business."""
    found = sources().get(source)
    return found is not None and _belongs(found.rows().model, "pk", pk, own)


def _is_own(kind: str, kwargs: Mapping[str, object], own: Own) -> bool:
    model, key = KINDS[kind].model, kwargs.get(KINDS[kind].key)
    return model is not None and key is not None and _belongs(model, KINDS[kind].by, key, own)


def _belongs(model: type[Model], by: str, key: object, own: Own) -> bool:
    parties = PARTIES.get(model)
    condition = parties.condition(own) if parties is not None else None
    return condition is not None and model._default_manager.filter(condition, **{by: key}).exists()  # noqa: SLF001
