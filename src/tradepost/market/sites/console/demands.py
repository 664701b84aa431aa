"""Demands for products that the store lacks: operators answer, recommend a product, pass a demand to a seller, or enter
one from a mail (business-rules §9, §12, §17.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.demand_reactions import is_answered_by_sms
from tradepost.market.service_desk import customer_demands, demand_answers, demands, problem_mails
from tradepost.market.service_desk.demand_answers import Answer
from tradepost.market.service_desk.demand_mail import MAX_SUBJECT_LENGTH, read_subject
from tradepost.market.service_desk.demand_models import MAX_ANSWER_LENGTH, MAX_NOTE_LENGTH, MAX_REQUIREMENT_LENGTH
from tradepost.market.service_desk.demand_queries import (
    active_seller,
    answer_candidates,
    customer_demands_from,
    find_demand,
    find_sellers,
)
from tradepost.market.service_desk.demands import MAX_CONTACT_LENGTH, MAX_EMAIL_LENGTH, RaiseDemand
from tradepost.market.service_desk.models import Demand, ReceivedMail
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import mark_preview
from tradepost.market.web.demand_events import demand_events
from tradepost.market.web.pages import ask, submitted_data
from tradepost.market.web.refusals import add_refusal
from tradepost.market.web.service_desk import desk_rules_now, key_for_form, key_of


class AnswerForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Answer text"),
        max_length=MAX_ANSWER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The requester receives it by email and sees it on the tracking page."),
    )


class PassOnForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note to the seller"),
        max_length=MAX_NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CloseForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Reason for closing"),
        max_length=MAX_ANSWER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Shown only on the requester's tracking page. No email is sent."),
    )


class MailForm(forms.Form):
    subject = forms.CharField(
        label=gettext_lazy("Email subject"),
        max_length=MAX_SUBJECT_LENGTH,
        required=False,
        help_text=gettext_lazy(
            "Paste the original subject, such as 【market】【demand】【name】. The contact name is read from it."
        ),
    )
    contact = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=MAX_CONTACT_LENGTH,
        required=False,
        help_text=gettext_lazy("Only if the subject of the email does not contain it."),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=MAX_EMAIL_LENGTH, required=False)
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=32, required=False)
    requirement = forms.CharField(
        label=gettext_lazy("Demand details"),
        max_length=MAX_REQUIREMENT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the answer"), choices=settings.LANGUAGES)


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter a demand that arrived at another address, or in a mail that the market could not read (``mail``: its key)."""
    mail = _mail(request)
    form = MailForm(submitted_data(request), initial={"language": get_language(), **_initial_values(mail)})
    context = {"form": form, "idempotency_key": key_for_form(request), "mail": mail}
    return ask(
        request,
        form,
        lambda: _enter_demand(request, form.cleaned_data, mail),
        page=lambda: render(request, "console/demand_new.html", context),
        done=_("Demand entered. The requester receives an email with the link if there is an address."),
        back=lambda raised: redirect("console:demand", raised.demand.pk),
    )


def _mail(request: HttpRequest) -> ReceivedMail | None:
    """Return the mail to enter. Raises ``Http404`` for an unknown mail, ``Refused`` for a handled one."""
    mail_id = request.POST.get("mail") or request.GET.get("mail")
    if not mail_id:
        return None
    pk = whole_number(mail_id)
    mail = problem_mails.find(pk) if pk else None
    if mail is None and not ReceivedMail.objects.filter(pk=pk or 0).exists():
        raise Http404
    if mail is None:
        raise problem_mails.already_handled()
    return mail


def _initial_values(mail: ReceivedMail | None) -> dict[str, str]:
    return {} if mail is None else {"subject": mail.subject, "email": mail.sender, "requirement": mail.text}


@operator_required
@require_POST
def set_mail_aside(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        problem_mails.dismiss(pk, now=now_of(request))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The email was marked as not a demand."))
    return redirect("console:demands")


def _enter_demand(request: HttpRequest, typed: dict[str, Any], mail: ReceivedMail | None) -> demands.Raised:
    subject = read_subject(typed["subject"])
    command = RaiseDemand(
        contact=typed["contact"] or (subject.contact if subject else ""),
        email=typed["email"],
        phone=typed["phone"],
        requirement=typed["requirement"],
        language=typed["language"],
        entered_by=person(request).email,
        idempotency_key=key_of(request, typed),
    )
    raised = demands.raise_demand(command, rules=desk_rules_now(), allowed=None, now=now_of(request))
    if mail is not None:
        problem_mails.mark_as_entered(mail.pk, raised.demand, now=now_of(request))
    return raised


def _demand(pk: int) -> Demand:
    demand = find_demand(pk)
    if demand is None:
        raise Http404
    return demand


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _demand(pk))


def _page(request: HttpRequest, demand: Demand, **overrides: Any) -> HttpResponse:
    passed = customer_demands_from(demand)
    context = {
        "demand": demand,
        "by_sms": is_answered_by_sms(demand),
        "passed": passed,
        "events": demand_events(demand, passed, inside=True),
        "answer_form": AnswerForm(auto_id="answer-%s"),
        "pass_form": PassOnForm(auto_id="pass-%s"),
        "close_form": CloseForm(auto_id="close-%s"),
        "days": desk_rules_now().seller_days,
        "now": now_of(request),
        **overrides,
    }
    return render(request, "console/demand.html", context)


@operator_required
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Return suggestions while the operator types the name of a product."""
    matches = answer_candidates(request.GET.get("product_words", ""))
    return render(request, "console/parts/demand_products.html", {"products": matches})


@operator_required
@require_safe
def sellers(request: HttpRequest) -> HttpResponse:
    sellers = find_sellers(request.GET.get("seller_words", ""))
    return render(request, "console/parts/demand_sellers.html", {"sellers_found": sellers})


@operator_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    demand, form = _demand(pk), AnswerForm(request.POST, auto_id="answer-%s")
    product_id, typed = whole_number(request.POST.get("product", "")), request.POST.get("product_words", "")
    matches = _suggestions(product_id, typed, answer_candidates)
    context: dict[str, Any] = {"answer_form": form, "products": matches, "product_words": typed, "chosen": product_id}
    if request.POST.get("search"):
        form.errors.clear()
        mark_preview(request)
        return _page(request, demand, **context)
    if typed.strip() and product_id is None:
        return _page(request, demand, wrong={"product": _choice_error(matches)}, **context)
    if not form.is_valid():
        return _page(request, demand, **context)
    try:
        new_answer = Answer(by=person(request).email, words=form.cleaned_data["words"], product=product_id)
        demand_answers.answer(demand, new_answer, now=now_of(request))
        messages.success(request, _answered_message(demand))
    except IllegalTransition:
        messages.error(request, _("This demand is answered, closed or withdrawn already."))
    except Refused as refused:
        if refused.field == "product":
            return _page(request, demand, wrong={"product": refused.message}, **context)
        add_refusal(form, refused)
        return _page(request, demand, **context)
    return redirect("console:demand", pk)


def _answered_message(demand: Demand) -> str:
    if demand.buyer_id is None and not demand.email and not is_answered_by_sms(demand):
        words = _("Answered. The market cannot notify the requester: call %(phone)s.")
        return words % {"phone": demand.phone}
    return _("Answered. The requester was notified.")


def _suggestions(product_id: int | None, typed: str, find: Callable[[str], list[Product]]) -> list[Product]:
    matches = find(typed) if typed.strip() else []
    if product_id is not None and all(product.pk != product_id for product in matches):
        matches = find(str(product_id)) + matches
    return matches


def _choice_error(matches: Sequence[object]) -> str:
    return _("Choose one of these.") if matches else _("No match found.")


@operator_required
@require_POST
def pass_on(request: HttpRequest, pk: int) -> HttpResponse:
    demand, form = _demand(pk), PassOnForm(request.POST, auto_id="pass-%s")
    seller_id, typed = whole_number(request.POST.get("seller", "")), request.POST.get("seller_words", "")
    matches = find_sellers(typed)
    context: dict[str, Any] = {
        "pass_form": form, "sellers_found": matches, "seller_words": typed, "chosen_seller": seller_id,
    }  # fmt: skip
    seller: Seller | None = active_seller(seller_id) if seller_id is not None else None
    if request.POST.get("search"):
        mark_preview(request)
        return _page(request, demand, **context)
    if seller is None:
        return _page(request, demand, wrong={"seller": _choice_error(matches)}, **context)
    if not form.is_valid():
        return _page(request, demand, **context)
    try:
        note, by = form.cleaned_data["note"], person(request).email
        customer_demands.forward_to_seller(demand, seller, note, by=by, rules=desk_rules_now(), now=now_of(request))
        messages.success(request, _("The demand was passed to the seller."))
    except IllegalTransition:
        messages.error(request, _("This demand is answered, closed or with a seller already."))
    except Refused as refused:
        return _page(request, demand, wrong={"seller": refused.message}, **context)
    return redirect("console:demand", pk)


@operator_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    demand, close_form = _demand(pk), CloseForm(request.POST, auto_id="close-%s")
    return ask(
        request,
        close_form,
        lambda: demand_answers.close(
            demand, close_form.cleaned_data["why"], by=person(request).email, now=now_of(request)
        ),
        page=lambda: _page(request, demand, close_form=close_form),
        done=_("Closed."),
        back=("console:demand", pk),
        late=_("Only a demand that is waiting for the operators can be closed."),
    )
