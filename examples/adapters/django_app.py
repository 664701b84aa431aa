"""A seller inside a Django project in a single file: ``SELLER_KEY=… waitress-serve --listen=127.0.0.1:9000
django_app:app``.

In your own project, only add the line with ``view`` to ``urls.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from shop import make_seller

from tradepost.kit.django import view

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "only for trying this example"),
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
)


def home(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("<h1>Our product</h1>")


urlpatterns = [
    path("", home),
    path("produce", view(make_seller(os.environ["SELLER_KEY"], Path(os.environ.get("SELLER_DATA", "."))))),
]
app = get_wsgi_application()
