"""The operator's notices, within the console."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.notifications.categories import Audience
from tradepost.market.web import notices as shared
from tradepost.market.web.access import operator_required, person
from tradepost.market.web.notice_choices import categories_of

SITE = "console"


@operator_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    return render(request, "console/notices.html", shared.notices_context(request, SITE))


@operator_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    return shared.read_all(request, SITE)


@operator_required
@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    return shared.open_notice(request, pk, SITE)


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    categories = categories_of(person(request).operator_role)
    return shared.settings_page(request, SITE, _show, [Audience.OPERATOR], categories)


def _show(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return render(request, template, context)
