"""A program: a separate Django site with django-cas-ng. A person signs in, and the program prints the account as JSON."""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit


def main(server_url: str, callback: str) -> None:
    import django
    from django.conf import settings

    parts = urlsplit(callback)
    settings.configure(
        SECRET_KEY="of this site alone", ALLOWED_HOSTS=["*"], ROOT_URLCONF="tests.interop.cas_ng_urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "django_cas_ng"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"],
        AUTHENTICATION_BACKENDS=["django_cas_ng.backends.CASBackend"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        CAS_SERVER_URL=server_url, CAS_VERSION="3", CAS_STORE_NEXT=True, CAS_REDIRECT_URL="/in/",
    )  # fmt: skip
    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from tests.interop.signing_in import follow_to_callback

    call_command("migrate", verbosity=0)
    browser = Client(headers={"host": parts.netloc})
    first = browser.get(parts.path)
    back = urlsplit(follow_to_callback(first["Location"], callback))
    answer = browser.get(f"{back.path}?{back.query}")
    user = browser.get("/in/").wsgi_request.user
    json.dump({"status": answer.status_code, "user": user.get_username()}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
