"""Demands for what is not in the store: operators answer, name a product, pass one to a seller, or enter one from a mail
(business-rules §9, §12, §17.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.demand_reactions import tells_by_sms
from tradepost.market.review.contract import Words
from tradepost.market.service_desk import customer_demands, demand_answers, demands, fetch_mails, problem_mails
from tradepost.market.service_desk.demand_answers import Answer
from tradepost.market.service_desk.demand_mail import LONGEST_SUBJECT, Problem, read_subject
from tradepost.market.service_desk.demand_models import LONGEST_ANSWER, LONGEST_NOTE, LONGEST_REQUIREMENT
from tradepost.market.service_desk.demand_queries import (
    all_demands,
    candidates,
    find_demand,
    passed_of,
    sellers_named,
    selling,
)
from tradepost.market.service_desk.demands import LONGEST_CONTACT, LONGEST_EMAIL, RaiseDemand
from tradepost.market.service_desk.models import Demand, ReceivedMail
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import only_shown
from tradepost.market.web.demand_events import demand_events
from tradepost.market.web.refusals import say_why
from tradepost.market.web.service_desk import desk_rules_now, key_of, key_shown
from tradepost.market.web.status import vocabulary

PROBLEMS: Mapping[str, Words] = {
    Problem.TOO_LARGE: gettext_lazy("The mail exceeds the size limit."),
    Problem.SUBJECT: gettext_lazy("The subject is not 【market】【demand】【name】."),
    Problem.AUTOMATIC: gettext_lazy("A program sent this mail, such as an absence notice or a newsletter."),
    Problem.SENDER: gettext_lazy("The mail names no sender."),
    Problem.EMPTY: gettext_lazy("The mail has no text."),
    Problem.UNREADABLE: gettext_lazy("The mail is damaged or uses an unknown character set."),
    Problem.REFUSED: gettext_lazy("The demand was not accepted."),
}
"""Why a mail became no demand, for operators."""


class AnswerForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("What you answer"),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Who asked reads it, by mail and on the page that they follow."),
    )


class PassForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note to the seller"),
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CloseForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why it is closed"),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("It shows on the page of who asked; nothing is mailed."),
    )


class MailForm(forms.Form):
    subject = forms.CharField(
        label=gettext_lazy("Subject of the mail"),
        max_length=LONGEST_SUBJECT,
        required=False,
        help_text=gettext_lazy("As it came, such as 【market】【demand】【name】: the name is taken from it."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_CONTACT,
        required=False,
        help_text=gettext_lazy("Where the subject does not say it."),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=LONGEST_EMAIL, required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=32, required=False)
    requirement = forms.CharField(
        label=gettext_lazy("What is needed"), max_length=LONGEST_REQUIREMENT, widget=forms.Textarea(attrs={"rows": 6})
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the answer"), choices=settings.LANGUAGES)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    context = {
        "page": all_demands(status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": vocabulary("demand"),
        "now": now_of(request),
        **_mailbox(),
    }
    return render(request, "console/demands.html", context)


def _mailbox() -> dict[str, Any]:
    """The last fetch, and mails that became no demand; nothing where the market reads no mailbox."""
    if not config().demand_mailbox.get_secret_value():
        return {}
    waiting = problem_mails.waiting()
    problems = [{"mail": mail, "why": mail.words or PROBLEMS[mail.problem]} for mail in waiting[: problem_mails.SHOWN]]
    more = waiting.count() - len(problems)
    return {"mailbox": True, "fetch": fetch_mails.last_fetch(), "problems": problems, "more": more}


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter what came by mail to another address, or a mail that the market could not read (``mail``: its key)."""
    mail = _mail(request)
    form = MailForm(request.POST or None, initial={"language": get_language(), **_written(mail)})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                raised = _enter(request, form.cleaned_data, mail)
            except Refused as refused:
                say_why(form, refused)
                status = refused.status
            else:
                messages.success(request, _("Entered. Who asked gets a mail with the link, if there is an address."))
                return redirect("console:demand", raised.demand.pk)
    context = {"form": form, "idempotency_key": key_shown(request), "mail": mail}
    return render(request, "console/demand_new.html", context, status=status)


def _mail(request: HttpRequest) -> ReceivedMail | None:
    """The mail that is entered. Raises ``Http404`` for one that nobody received, ``Refused`` for one that was handled."""
    asked = request.POST.get("mail") or request.GET.get("mail")
    if not asked:
        return None
    pk = whole_number(asked)
    found = problem_mails.find(pk) if pk else None
    if found is None and not ReceivedMail.objects.filter(pk=pk or 0).exists():
        raise Http404
    if found is None:
        raise problem_mails.handled_before()
    return found


def _written(mail: ReceivedMail | None) -> dict[str, str]:
    return {} if mail is None else {"subject": mail.subject, "email": mail.sender, "requirement": mail.text}


@operator_required
@require_POST
def set_mail_aside(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        problem_mails.set_aside(pk, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The mail is set aside."))
    return redirect("console:demands")


def _enter(request: HttpRequest, typed: dict[str, Any], mail: ReceivedMail | None) -> demands.Raised:
    subject = read_subject(typed["subject"])
    asked = RaiseDemand(
        contact=typed["contact"] or (subject.contact if subject else ""),
        email=typed["email"],
        phone=typed["phone"],
        requirement=typed["requirement"],
        language=typed["language"],
        entered_by=person(request).email,
        idempotency_key=key_of(request, typed),
    )
    with transaction.atomic():
        raised = demands.raise_demand(asked, rules=desk_rules_now(), allowed=None, now=now_of(request))
        if mail is not None:
            problem_mails.enter(mail.pk, raised.demand, now=now_of(request))
    return raised


def _found(pk: int) -> Demand:
    found = find_demand(pk)
    if found is None:
        raise Http404
    return found


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk))


def _page(request: HttpRequest, demand: Demand, *, status: int = 200, **given: Any) -> HttpResponse:
    passed = passed_of(demand)
    context = {
        "demand": demand,
        "by_sms": tells_by_sms(demand),
        "passed": passed,
        "events": demand_events(demand, passed, inside=True),
        "answer_form": AnswerForm(auto_id="answer-%s"),
        "pass_form": PassForm(auto_id="pass-%s"),
        "close_form": CloseForm(auto_id="close-%s"),
        "days": desk_rules_now().seller_days,
        "now": now_of(request),
        **given,
    }
    return render(request, "console/demand.html", context, status=status)


@operator_required
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Asked while one types the name of a product."""
    found = candidates(request.GET.get("product_words", ""))
    return render(request, "console/parts/demand_products.html", {"products": found})


@operator_required
@require_safe
def sellers(request: HttpRequest) -> HttpResponse:
    found = sellers_named(request.GET.get("seller_words", ""))
    return render(request, "console/parts/demand_sellers.html", {"sellers_found": found})


@operator_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = _found(pk), AnswerForm(request.POST, auto_id="answer-%s")
    chosen, typed = whole_number(request.POST.get("product", "")), request.POST.get("product_words", "")
    listed = _listed(chosen, typed, candidates)
    given: dict[str, Any] = {"answer_form": form, "products": listed, "product_words": typed, "chosen": chosen}
    if request.POST.get("search"):
        form.errors.clear()
        only_shown(request)
        return _page(request, found, **given)
    if typed.strip() and chosen is None:
        return _page(request, found, status=400, product_wrong=_choose(listed), **given)
    if not form.is_valid():
        return _page(request, found, status=400, **given)
    try:
        said = Answer(by=person(request).email, words=form.cleaned_data["words"], product=chosen)
        demand_answers.answer(found, said, now=now_of(request))
        messages.success(request, _answered(found))
    except IllegalTransition:
        messages.error(request, _("This demand is answered, closed or withdrawn already."))
    except Refused as refused:
        if refused.field == "product":
            return _page(request, found, status=refused.status, product_wrong=refused.message, **given)
        say_why(form, refused)
        return _page(request, found, status=refused.status, **given)
    return redirect("console:demand", pk)


def _answered(demand: Demand) -> str:
    if demand.buyer_id is None and not demand.email and not tells_by_sms(demand):
        words = _("Answered. The market cannot notify the person who asked: call %(phone)s.")
        return words % {"phone": demand.phone}
    return _("Answered. Who asked is told.")


def _listed(chosen: int | None, typed: str, look: Callable[[str], list[Product]]) -> list[Product]:
    found = look(typed) if typed.strip() else []
    if chosen is not None and all(one.pk != chosen for one in found):
        found = look(str(chosen)) + found
    return found


def _choose(found: Sequence[object]) -> str:
    return _("Choose one of these.") if found else _("Nothing has this name.")


@operator_required
@require_POST
def pass_on(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = _found(pk), PassForm(request.POST, auto_id="pass-%s")
    chosen, typed = whole_number(request.POST.get("seller", "")), request.POST.get("seller_words", "")
    listed = sellers_named(typed)
    given: dict[str, Any] = {
        "pass_form": form, "sellers_found": listed, "seller_words": typed, "chosen_seller": chosen,
    }  # fmt: skip
    seller: Seller | None = selling(chosen) if chosen is not None else None
    if request.POST.get("search"):
        only_shown(request)
        return _page(request, found, **given)
    if seller is None:
        return _page(request, found, status=400, seller_wrong=_choose(listed), **given)
    if not form.is_valid():
        return _page(request, found, status=400, **given)
    try:
        customer_demands.pass_on(
            found,
            seller,
            form.cleaned_data["note"],
            by=person(request).email,
            rules=desk_rules_now(),
            now=now_of(request),
        )
        messages.success(request, _("The seller is asked."))
    except IllegalTransition:
        messages.error(request, _("This demand is answered, closed or with a seller already."))
    except Refused as refused:
        return _page(request, found, status=refused.status, seller_wrong=refused.message, **given)
    return redirect("console:demand", pk)


@operator_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = _found(pk), CloseForm(request.POST, auto_id="close-%s")
    if not form.is_valid():
        return _page(request, found, status=400, close_form=form)
    try:
        demand_answers.close(found, form.cleaned_data["why"], by=person(request).email, now=now_of(request))
        messages.success(request, _("Closed."))
    except IllegalTransition:
        messages.error(request, _("Only a demand that waits for the operators can be closed."))
    except Refused as refused:
        say_why(form, refused)
        return _page(request, found, status=refused.status, close_form=form)
    return redirect("console:demand", pk)
