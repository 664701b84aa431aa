"""Receivers, webhooks and chats that get notices besides the owner: a buyer's in the storefront, a seller's in the
seller center.

Each site provides the frame; content and behaviour are shared.
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
from tradepost.market.notifications.spoken import render_delivery
from tradepost.market.web.pages import ask, submitted_data

from .access import now_of, person
from .notice_choices import Choices

LATEST_MESSAGES = 10
"""Number of messages on the page of a webhook or chat."""


class Destinations(Struct, frozen=True):
    """The notice destinations of an owner in one site. ``site``: URL namespace; ``show``: renders a template in the
    site's frame."""

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
        response: HttpResponse = redirect(f"{self.site}:{name}", **kwargs)
        return response

    def receiver(self, pk: int) -> Receiver:
        return _or_404(receivers.find_receiver(self.owner, pk))

    def endpoint(self, pk: int) -> Endpoint:
        return _or_404(endpoints.find_endpoint(self.owner, pk))


def _or_404[T](value: T | None) -> T:
    """Return the object, or raise 404 if it does not exist or belongs to another owner."""
    if value is None:
        raise Http404
    return value


class NamedForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("webhook", "Name"), max_length=64)
    language = forms.ChoiceField(label=gettext_lazy("Language of the messages"), choices=settings.LANGUAGES)


class ReceiverForm(NamedForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=64)
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254)
    phone = forms.CharField(
        label=gettext_lazy("Mobile phone"),
        max_length=32,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=gettext_lazy("Include the country code for numbers outside mainland China: +44 7400 123456."),
    )
    field_order = ("name", "email", "phone", "language")

    def __init__(self, *args: Any, sms: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sms:
            del self.fields["phone"]


class WebhookForm(NamedForm):
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=endpoints.MAX_URL_LENGTH,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("The store posts JSON to this address, signed according to Standard Webhooks."),
    )
    field_order = ("name", "url", "language")


class ChatForm(NamedForm):
    service = forms.ChoiceField(
        label=gettext_lazy("Service"), choices=[(name, service.title) for name, service in SERVICES.items()]
    )
    address = forms.CharField(
        label=gettext_lazy("Address of the bot"),
        max_length=400,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Shown by the service when you add a bot to a group. The address is a secret: it is stored encrypted "
            "and not shown again."
        ),
    )
    secret = forms.CharField(
        label=gettext_lazy("Signing secret"),
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("For DingTalk only, if the bot requires a signature."),
    )
    field_order = ("name", "service", "address", "secret", "language")


def rules() -> receivers.Rules:
    settings = config()
    return receivers.Rules(
        sms=Channel.SMS in settings_of.enabled_channels(),
        most=settings.notifications.receivers_most,
        valid=timedelta(days=settings.notifications.receiver_confirm_days),
        a_day=settings.notifications.receiver_mails_a_day,
    )


def overview(at: Destinations) -> HttpResponse:
    return at.page(
        "receivers",
        receivers=list(owners.receivers_of(at.owner)),
        endpoints=list(owners.endpoints_of(at.owner)),
        most=config().notifications.receivers_most,
        sms=rules().sms,
    )


def new_receiver(at: Destinations) -> HttpResponse:
    form = ReceiverForm(submitted_data(at.request), sms=rules().sms, initial={"language": person(at.request).language})

    def add() -> str:
        values = {"phone": "", **form.cleaned_data}
        receivers.add_receiver(at.owner, **values, rules=rules(), wall=clock.wall(), now=now_of(at.request))
        return _("%(name)s was asked to confirm. Notices are sent there after confirmation.") % {"name": values["name"]}

    return ask(
        at.request,
        form,
        add,
        page=lambda: at.page("receiver_new", form=form, days=config().notifications.receiver_confirm_days),
        done=str,
        back=lambda _said: at.back(),
    )


def receiver(at: Destinations, pk: int) -> HttpResponse:
    """Show and save the notice preferences of a receiver."""
    receiver = at.receiver(pk)
    channels = [Channel.MAIL, *([Channel.SMS] if receiver.phone else [])]
    form = Choices(
        submitted_data(at.request),
        channels=channels,
        chosen=receivers.preferences_of(receiver=receiver),
        audiences=[at.audience],
    )
    return ask(
        at.request,
        form,
        lambda: receivers.set_receiver_preferences(receiver, at.owner, form.chosen()),
        page=lambda: at.page("receiver", one=receiver, form=form),
        done=_("Saved."),
        back=lambda _chosen: at.back(),
    )


def resend_confirmation(at: Destinations, pk: int) -> HttpResponse:
    receiver = at.receiver(pk)
    try:
        receivers.resend_confirmation(receiver, at.owner, rules=rules(), wall=clock.wall(), now=now_of(at.request))
    except Refused as refused:
        messages.error(at.request, refused.message)
    else:
        message = _("%(name)s was asked again. The previous link and code no longer work.") % {"name": receiver.name}
        messages.success(at.request, message)
    return at.back()


def delete_receiver(at: Destinations, pk: int) -> HttpResponse:
    receiver = at.receiver(pk)
    try:
        receivers.delete_receiver(receiver, at.owner)
    except Refused as refused:
        messages.error(at.request, refused.message)
    else:
        messages.success(at.request, _("%(name)s no longer receives notices.") % {"name": receiver.name})
    return at.back()


def new_webhook(at: Destinations) -> HttpResponse:
    form, settings = (
        WebhookForm(submitted_data(at.request), initial={"language": person(at.request).language}),
        config(),
    )
    return ask(
        at.request,
        form,
        lambda: endpoints.add_webhook(
            at.owner,
            **form.cleaned_data,
            outbound=settings.outbound,
            most=settings.notifications.receivers_most,
            now=now_of(at.request),
        ),
        page=lambda: at.page("webhook_new", form=form),
        back=lambda result: _endpoint_page(at, result.endpoint, secret=result.secret),
    )


def new_chat(at: Destinations) -> HttpResponse:
    form = ChatForm(submitted_data(at.request), initial={"language": person(at.request).language})
    return ask(
        at.request,
        form,
        lambda: endpoints.add_chat(
            at.owner, **form.cleaned_data, most=config().notifications.receivers_most, now=now_of(at.request)
        ),
        page=lambda: at.page("chat_new", form=form, services=list(SERVICES.values())),
        back=lambda result: at.back("endpoint", pk=result.pk),
    )


def endpoint(at: Destinations, pk: int) -> HttpResponse:
    """Show a webhook or chat with its state, preferences and latest messages. Save the preferences."""
    endpoint = at.endpoint(pk)
    form = _choices(at, endpoint, submitted_data(at.request))
    return ask(
        at.request,
        form,
        lambda: receivers.save_preferences(form.chosen(), endpoint=endpoint),
        page=lambda: _endpoint_page(at, endpoint, form=form),
        done=_("Saved."),
        back=lambda _kept: at.back("endpoint", pk=pk),
    )


def _choices(at: Destinations, endpoint: Endpoint, data: Any = None) -> Choices:
    selection = receivers.preferences_of(endpoint=endpoint)
    return Choices(data, channels=[Channel(endpoint.kind)], chosen=selection, audiences=[at.audience])


def _endpoint_page(
    at: Destinations, endpoint: Endpoint, *, secret: str = "", form: Choices | None = None
) -> HttpResponse:
    """Render the page of a webhook or chat. ``secret``: shown only in this response."""
    latest = NoticeDelivery.objects.filter(endpoint=endpoint).select_related("notice").order_by("-pk")[:LATEST_MESSAGES]
    return at.page(
        "endpoint",
        one=endpoint,
        secret_made=secret,
        form=form or _choices(at, endpoint),
        latest=_with_titles(latest),
        since=_secret_stamp(endpoint),
    )


def _with_titles(deliveries: Any) -> list[tuple[NoticeDelivery, str]]:
    return [(delivery, render_delivery(delivery).title) for delivery in deliveries]


def try_endpoint(at: Destinations, pk: int) -> HttpResponse:
    endpoint = at.endpoint(pk)
    try:
        endpoints.send_test(endpoint, wall=clock.wall(), now=now_of(at.request))
    except Refused as refused:
        messages.error(at.request, refused.message)
    else:
        messages.success(at.request, _("The test message was submitted. Its result will appear below."))
    return at.back("endpoint", pk=pk)


def rotate(at: Destinations, pk: int) -> HttpResponse:
    """Create a new secret for a webhook, shown only in this response. The form names the current secret, so a reload
    does not create a second one."""
    endpoint = at.endpoint(pk)
    if endpoint.kind != Endpoint.Kind.WEBHOOK:
        raise Http404
    if at.request.POST.get("since") != _secret_stamp(endpoint):
        messages.warning(
            at.request, _("No new secret was created because the secret has changed since you opened the page.")
        )
        return at.back("endpoint", pk=pk)
    result = endpoints.rotate_secret(endpoint, wall=clock.wall())
    return _endpoint_page(at, result.endpoint, secret=result.secret)


def _secret_stamp(endpoint: Endpoint) -> str:
    return endpoint.former_until.isoformat() if endpoint.former_until else "first"


def switch_on(at: Destinations, pk: int) -> HttpResponse:
    endpoint = at.endpoint(pk)
    endpoints.switch_on(endpoint)
    messages.success(
        at.request,
        _("%(name)s is enabled. Messages that were missed while it was disabled are not sent later.")
        % {"name": endpoint.name},
    )
    return at.back("endpoint", pk=pk)


def delete_endpoint(at: Destinations, pk: int) -> HttpResponse:
    endpoint = at.endpoint(pk)
    endpoints.delete_endpoint(endpoint)
    messages.success(at.request, _("%(name)s was deleted.") % {"name": endpoint.name})
    return at.back()
