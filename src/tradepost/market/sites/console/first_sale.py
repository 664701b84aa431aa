"""The checklist from a new market to its first sale, on the overview until it is complete or hidden, and on its own
page.

Each state is computed from facts at the time of the request, with three queries.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.config import Config, config
from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.settings.payments import account_for
from tradepost.market.branding import face
from tradepost.market.catalog.models import Category, Product
from tradepost.market.identity import opening
from tradepost.market.identity.agreements import unpublished
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.operator_roles import IS_OPERATOR
from tradepost.market.notifications import delivery_log
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.web import checklist
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.checklist import State
from tradepost.market.web.pages import act

Kind = Agreement.Kind


class Step(checklist.Step, frozen=True):
    words: str = ""
    url: str = ""


class Facts(Struct, frozen=True, kw_only=True):
    """Facts about the market. ``unpublished``: agreements without a version in force."""

    branded: bool = False
    categories: Count = Count(0)
    unpublished: tuple[Kind, ...] = ()
    bank_account: bool = False
    mail_server: bool = False
    mail_sender: bool = False
    failed_mails: Count = Count(0)
    with_second_step: Count = Count(0)
    without_second_step: Count = Count(0)
    sellers: Count = Count(0)
    applicants: Count = Count(0)
    products: Count = Count(0)
    products_in_review: Count = Count(0)


def read_facts(settings: Config, *, now: datetime) -> Facts:
    operators = User.objects.filter(IS_OPERATOR, is_active=True)
    counts = counts_up_to(
        Category.objects.filter(hidden=False).exclude(parent__hidden=True),
        delivery_log.failed_deliveries(),
        operators.filter(second_factor__isnull=False),
        # Operators without a password sign in through a provider, which has its own second step.
        operators.filter(second_factor__isnull=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX),
        Seller.objects.filter(status=Seller.Status.ACTIVE),
        Seller.objects.filter(status=Seller.Status.APPLICANT),
        Product.objects.filter(status=Product.Status.ON_SALE),
        Submission.objects.filter(status__in=OPEN, product__isnull=False),
    )
    names = (
        "categories", "failed_mails", "with_second_step", "without_second_step", "sellers", "applicants", "products",
        "products_in_review",
    )  # fmt: skip
    return Facts(
        branded=face.current().is_named,
        unpublished=tuple(unpublished(Kind.values, now=now)),
        bank_account=account_for(settings.currency, settings.payments.bank_accounts, sandbox=False) is not None,
        mail_server=bool(settings.notifications.mail_url),
        mail_sender=not settings.notifications.mail_from_localhost,
        **dict(zip(names, counts, strict=True)),
    )


def steps_of(facts: Facts) -> list[Step]:
    """Return the steps in the order in which operators take them."""
    return [
        _branding(facts), _categories(facts), _agreements(facts), _payment(facts), _mail(facts), _second_step(facts),
        _seller(facts), _product(facts),
    ]  # fmt: skip


def _branding(facts: Facts) -> Step:
    title, url = _("Branding"), reverse("console:branding")
    if facts.branded:
        return Step("branding", title, State.DONE, url=url)
    return Step("branding", title, State.MISSING, _("Set a name for your market."), url)


def _categories(facts: Facts) -> Step:
    title, url = _("Categories"), reverse("console:categories")
    if facts.categories:
        return Step("categories", title, State.DONE, url=url)
    return Step(
        "categories", title, State.MISSING, _("Show at least one category. Sellers choose one for each product."), url
    )


def _agreements(facts: Facts) -> Step:
    title, url = _("Agreements"), reverse("console:agreements")
    if not facts.unpublished:
        return Step("agreements", title, State.DONE, url=url)
    names = _(", ").join(str(kind.label) for kind in facts.unpublished)
    words = _("Read and publish: %(agreements)s.") % {"agreements": names}
    is_first = len(facts.unpublished) == len(Kind.values)
    return Step("agreements", title, State.MISSING if is_first else State.WAITING, words, url)


def _payment(facts: Facts) -> Step:
    title, url = _("Bank account"), reverse("console:transfers")
    if facts.bank_account:
        return Step("payment", title, State.DONE, url=url)
    words = _("Set TRADEPOST_BANK_ACCOUNTS to the account that buyers transfer money to, then restart the market.")
    return Step("payment", title, State.MISSING, words, url)


def _mail(facts: Facts) -> Step:
    title, url = _("Mail"), reverse("console:deliveries")
    if not facts.mail_server:
        words = _("Set TRADEPOST_MAIL_URL to your mail server, then restart the market.")
        return Step("mail", title, State.MISSING, words, url)
    if not facts.mail_sender:
        words = _("Set TRADEPOST_MAIL_FROM to an address of your own domain, then restart the market.")
        return Step("mail", title, State.MISSING, words, url)
    if facts.failed_mails:
        words = ngettext(
            "%(n)s message could not be delivered. Check the mail server, then send it again.",
            "%(n)s messages could not be delivered. Check the mail server, then send them again.",
            facts.failed_mails,
        )
        return Step("mail", title, State.WAITING, words % {"n": facts.failed_mails}, f"{url}?status=failed")
    return Step("mail", title, State.DONE, url=url)


def _second_step(facts: Facts) -> Step:
    title = _("Two-step sign-in")
    if not facts.with_second_step:
        words = _("Turn on two-step sign-in for your own account.")
        return Step("second_step", title, State.MISSING, words, reverse("web:two_step_on"))
    url = reverse("console:operators")
    if not facts.without_second_step:
        return Step("second_step", title, State.DONE, url=url)
    words = ngettext(
        "%(n)s operator has not turned it on yet.",
        "%(n)s operators have not turned it on yet.",
        facts.without_second_step,
    )
    return Step("second_step", title, State.WAITING, words % {"n": facts.without_second_step}, url)


def _seller(facts: Facts) -> Step:
    title = _("First seller")
    if facts.sellers:
        return Step("seller", title, State.DONE, url=reverse("console:sellers"))
    if facts.applicants:
        words = _("A company is applying. Review its application once it is submitted.")
        return Step("seller", title, State.WAITING, words, f"{reverse('console:reviews')}?kind=enter")
    words = _("Ask a company to open an account and to choose “Sell on this market”.")
    return Step("seller", title, State.MISSING, words, reverse("console:sellers"))


def _product(facts: Facts) -> Step:
    title = _("First product")
    if facts.products:
        return Step("product", title, State.DONE, url=reverse("console:products"))
    if facts.products_in_review:
        words = _("A product has been submitted for review. It goes on sale after you approve it.")
        return Step("product", title, State.WAITING, words, reverse("console:reviews"))
    words = _("A seller drafts the first product and submits it for review.")
    return Step("product", title, State.MISSING, words, reverse("console:products"))


def checklist_context(steps: list[Step]) -> dict[str, object]:
    """Return the context of ``web/parts/checklist.html``."""
    return {"checklist": steps, "settled": sum(step.is_settled for step in steps)}


def steps_on_overview(closed: Count, *, now: datetime) -> list[Step]:
    """Return the steps for the overview; none for a closed list or in a sandbox.

    ``closed``: ``opening.closed_checklist``, counted together with other figures of the page. A complete list is closed
    here for good.
    """
    if closed or config().sandbox:
        return []
    steps = steps_of(read_facts(config(), now=now))
    if all(step.is_settled for step in steps):
        opening.close_checklist(now=now)
        return []
    return steps


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    steps = steps_of(read_facts(config(), now=now_of(request)))
    context = {
        "complete": all(step.is_settled for step in steps),
        "closed": opening.closed_checklist().exists(),
        "sandbox_market": config().sandbox,
    }
    return render(request, "console/first_sale.html", checklist_context(steps) | context)


@operator_required
@require_POST
def card(request: HttpRequest) -> HttpResponse:
    """Hide the checklist on the overview, or show it again."""
    is_shown = request.POST.get("show") == "yes"
    return act(
        request,
        lambda: opening.reopen_checklist() if is_shown else opening.close_checklist(now=now_of(request)),
        done=_("The overview shows the checklist again.")
        if is_shown
        else _("The overview no longer shows the checklist."),
        back="console:first_sale",
    )
