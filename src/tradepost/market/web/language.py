"""Switch the language: a cookie for pages, and the account's language for mails."""

from __future__ import annotations

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import set_language as django_set_language

from tradepost.market.identity.models import User

from .busy import is_busy


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Store the language and redirect back. Without a database only the cookie changes, because the error page also has
    this switch."""
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        try:
            _keep(request, language)
        except (OperationalError, InterfaceError) as error:
            if not is_busy(error):
                raise
    return django_set_language(request)


set_language.own_transactions = True  # type: ignore[attr-defined]  # one statement, and none without a database


def _keep(request: HttpRequest, language: str) -> None:
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=language)
