"""Where notices go beside one's own address: receivers, webhooks and chats, as the storefront shows a buyer's and the seller center
a seller's. Each site gives its frame; what is shown and done is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from msgspec import Struct

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.notifications import endpoints, owners, receivers, settings_of
from tradepost.market.notifications.categories import Audience, Channel
from tradepost.market.notifications.chat_services import SERVICES
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.owners import Owner
from tradepost.market.notifications.receiver_models import Endpoint, Receiver
from tradepost.market.notifications.spoken import said

from .access import now_of, person
from .notice_choices import Choices
from .refusals import say_why

LATEST = 10
"""Messages that the page of a webhook or chat shows."""


class Places(Struct, frozen=True):
    """Of one owner, in one site's frame. ``site``: the namespace of its pages; ``show``: renders a template in its frame."""

    request: HttpRequest
    owner: Owner
    site: str
    show: Callable[..., HttpResponse]
    audience: Audience

    @property
    def base(self) -> Mapping[str, Any]:
        names = ("receivers", "receiver_new", "receiver", "receiver_again", "receiver_delete", "webhook_new", "chat_new",
                 "endpoint", "endpoint_test", "endpoint_secret", "endpoint_on", "endpoint_delete")  # fmt: skip
        pages = {f"{name}_page": f"{self.site}:{name}" for name in names}
        return {"frame": f"{self.site}/layout.html", "is_company": self.audience == Audience.SELLER, **pages}

    def page(self, template: str, **context: Any) -> HttpResponse:
        return self.show(self.request, f"web/notices/{template}.html", **self.base, **context)

    def back(self, name: str = "receivers", **kwargs: Any) -> HttpResponse:
        there: HttpResponse = redirect(f"{self.site}:{name}", **kwargs)
        return there

    def receiver(self, pk: int) -> Receiver:
        return _there(receivers.find_receiver(self.owner, pk))

    def endpoint(self, pk: int) -> Endpoint:
        return _there(endpoints.find_endpoint(self.owner, pk))


def _there[T](thing: T | None) -> T:
    """What is another's does not exist."""
    if thing is None:
        raise Http404
    return thing


class Named(forms.Form):
    name = forms.CharField(label=pgettext_lazy("webhook", "Name"), max_length=64)
    language = forms.ChoiceField(label=gettext_lazy("Language of the messages"), choices=settings.LANGUAGES)


class ReceiverForm(Named):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254)
    phone = forms.CharField(
        label=gettext_lazy("Mobile phone"),
        max_length=32,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=gettext_lazy("With the country's code where it is not in China: +44 7400 123456."),
    )
    field_order = ("name", "email", "phone", "language")

    def __init__(self, *args: Any, sms: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sms:
            del self.fields["phone"]


class WebhookForm(Named):
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=endpoints.LONGEST_URL,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("The market posts JSON there, signed as Standard Webhooks says."),
    )
    field_order = ("name", "url", "language")


class ChatForm(Named):
    service = forms.ChoiceField(
        label=gettext_lazy("Service"), choices=[(name, service.title) for name, service in SERVICES.items()]
    )
    address = forms.CharField(
        label=gettext_lazy("Address of the bot"),
        max_length=400,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "As the service shows it when a bot is added to a group. It is a secret: it is sealed, and not shown again."
        ),
    )
    secret = forms.CharField(
        label=gettext_lazy("Secret of the signature"),
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Of DingTalk alone, where the bot asks for a signature."),
    )
    field_order = ("name", "service", "address", "secret", "language")


def rules() -> receivers.Rules:
    known = config()
    return receivers.Rules(
        sms=Channel.SMS in settings_of.channels(),
        most=known.receivers_most,
        valid=timedelta(days=known.receiver_confirm_days),
        a_day=known.receiver_mails_a_day,
    )


def overview(at: Places) -> HttpResponse:
    return at.page(
        "receivers",
        receivers=list(owners.receivers_of(at.owner)),
        endpoints=list(owners.endpoints_of(at.owner)),
        most=config().receivers_most,
        sms=rules().sms,
    )


def new_receiver(at: Places) -> HttpResponse:
    form = ReceiverForm(at.request.POST or None, sms=rules().sms, initial={"language": person(at.request).language})
    if form.is_valid():
        given = {"phone": "", **form.cleaned_data}
        try:
            receivers.add_receiver(at.owner, **given, rules=rules(), wall=clock.wall(), now=now_of(at.request))
        except Refused as refused:
            say_why(form, refused)
        else:
            told = _("%(name)s is asked to confirm. Notices go there from then on.") % {"name": given["name"]}
            messages.success(at.request, told)
            return at.back()
    return at.page("receiver_new", form=form, days=config().receiver_confirm_days)


def receiver(at: Places, pk: int) -> HttpResponse:
    """What one receiver wants to get."""
    one = at.receiver(pk)
    channels = [Channel.MAIL, *([Channel.SMS] if one.phone else [])]
    form = Choices(
        at.request.POST or None, channels=channels, chosen=receivers.chosen_by(receiver=one), audiences=[at.audience]
    )
    if form.is_valid():
        try:
            receivers.choose_for_receiver(one, at.owner, form.chosen())
        except Refused as refused:
            say_why(form, refused)
        else:
            messages.success(at.request, _("Saved."))
            return at.back()
    return at.page("receiver", one=one, form=form)


def ask_again(at: Places, pk: int) -> HttpResponse:
    one = at.receiver(pk)
    try:
        receivers.ask_again(one, at.owner, rules=rules(), wall=clock.wall(), now=now_of(at.request))
    except Refused as refused:
        messages.error(at.request, refused.message)
    else:
        told = _("%(name)s is asked again; the former link and code no longer work.") % {"name": one.name}
        messages.success(at.request, told)
    return at.back()


def delete_receiver(at: Places, pk: int) -> HttpResponse:
    one = at.receiver(pk)
    try:
        receivers.delete_receiver(one, at.owner)
    except Refused as refused:
        messages.error(at.request, refused.message)
    else:
        messages.success(at.request, _("%(name)s gets no notices any more.") % {"name": one.name})
    return at.back()


def new_webhook(at: Places) -> HttpResponse:
    form = WebhookForm(at.request.POST or None, initial={"language": person(at.request).language})
    if form.is_valid():
        known = config()
        try:
            made = endpoints.add_webhook(
                at.owner,
                **form.cleaned_data,
                outbound=known.outbound,
                most=known.receivers_most,
                now=now_of(at.request),
            )
        except Refused as refused:
            say_why(form, refused)
        else:
            return _endpoint_page(at, made.endpoint, secret=made.secret)
    return at.page("webhook_new", form=form)


def new_chat(at: Places) -> HttpResponse:
    form = ChatForm(at.request.POST or None, initial={"language": person(at.request).language})
    if form.is_valid():
        try:
            made = endpoints.add_chat(
                at.owner, **form.cleaned_data, most=config().receivers_most, now=now_of(at.request)
            )
        except Refused as refused:
            say_why(form, refused)
        else:
            return at.back("endpoint", pk=made.pk)
    return at.page("chat_new", form=form, services=list(SERVICES.values()))


def endpoint(at: Places, pk: int) -> HttpResponse:
    """How a webhook or chat stands, what it wants, and what went there last."""
    one = at.endpoint(pk)
    form = _choices(at, one, at.request.POST or None)
    if form.is_valid():
        receivers.keep(form.chosen(), endpoint=one)
        messages.success(at.request, _("Saved."))
        return at.back("endpoint", pk=pk)
    return _endpoint_page(at, one, form=form)


def _choices(at: Places, one: Endpoint, data: Any = None) -> Choices:
    chosen = receivers.chosen_by(endpoint=one)
    return Choices(data, channels=[Channel(one.kind)], chosen=chosen, audiences=[at.audience])


def _endpoint_page(at: Places, one: Endpoint, *, secret: str = "", form: Choices | None = None) -> HttpResponse:
    """``secret``: shown in this answer, the only one that ever holds it."""
    latest = NoticeDelivery.objects.filter(endpoint=one).select_related("notice").order_by("-pk")[:LATEST]
    return at.page(
        "endpoint",
        one=one,
        secret_made=secret,
        form=form or _choices(at, one),
        latest=_in_words(latest),
        since=_since(one),
    )


def _in_words(deliveries: Any) -> list[tuple[NoticeDelivery, str]]:
    return [(one, said(one).title) for one in deliveries]


def try_endpoint(at: Places, pk: int) -> HttpResponse:
    one = at.endpoint(pk)
    try:
        endpoints.send_test(one, wall=clock.wall(), now=now_of(at.request))
    except Refused as refused:
        messages.error(at.request, refused.message)
    else:
        messages.success(at.request, _("A test is on its way. What came of it stands below as soon as it is known."))
    return at.back("endpoint", pk=pk)


def rotate(at: Places, pk: int) -> HttpResponse:
    """A new secret of a webhook, shown in this answer alone. The form names the one in use, so that a reload makes no second."""
    one = at.endpoint(pk)
    if one.kind != Endpoint.Kind.WEBHOOK:
        raise Http404
    if at.request.POST.get("since") != _since(one):
        messages.warning(at.request, _("Nothing was made: the secret was changed since you opened the page."))
        return at.back("endpoint", pk=pk)
    made = endpoints.rotate_secret(one, wall=clock.wall())
    return _endpoint_page(at, made.endpoint, secret=made.secret)


def _since(one: Endpoint) -> str:
    return one.former_until.isoformat() if one.former_until else "first"


def switch_on(at: Places, pk: int) -> HttpResponse:
    one = at.endpoint(pk)
    endpoints.switch_on(one)
    messages.success(
        at.request, _("%(name)s is switched on. What was not sent meanwhile stays unsent.") % {"name": one.name}
    )
    return at.back("endpoint", pk=pk)


def delete_endpoint(at: Places, pk: int) -> HttpResponse:
    one = at.endpoint(pk)
    endpoints.delete_endpoint(one)
    messages.success(at.request, _("%(name)s is deleted.") % {"name": one.name})
    return at.back()
