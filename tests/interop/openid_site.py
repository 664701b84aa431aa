"""A program: a separate Django site with mozilla-django-oidc. A person signs in, and the program prints the account as
JSON.
"""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit


def main(issuer: str, client_id: str, secret: str, callback: str) -> None:
    import django
    import requests
    from django.conf import settings

    told = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=60).json()
    settings.configure(
        SECRET_KEY="of this site alone, and long enough", ALLOWED_HOSTS=["*"], ROOT_URLCONF="tests.interop.openid_urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "mozilla_django_oidc"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
        AUTHENTICATION_BACKENDS=["mozilla_django_oidc.auth.OIDCAuthenticationBackend"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        OIDC_RP_CLIENT_ID=client_id, OIDC_RP_CLIENT_SECRET=secret, OIDC_RP_SIGN_ALGO="RS256", OIDC_RP_SCOPES="openid profile email",
        OIDC_OP_AUTHORIZATION_ENDPOINT=told["authorization_endpoint"], OIDC_OP_TOKEN_ENDPOINT=told["token_endpoint"],
        OIDC_OP_USER_ENDPOINT=told["userinfo_endpoint"], OIDC_OP_JWKS_ENDPOINT=told["jwks_uri"], OIDC_USE_PKCE=True,
        OIDC_AUTH_REQUEST_EXTRA_PARAMS={"max_age": "0"}, OIDC_USERNAME_ALGO=lambda email, claims: claims["preferred_username"],
        LOGIN_REDIRECT_URL="/in/", LOGIN_REDIRECT_URL_FAILURE="/failed/",
    )  # fmt: skip
    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from tests.interop.signing_in import follow_to_callback

    call_command("migrate", verbosity=0)
    browser = Client(headers={"host": urlsplit(callback).netloc})
    first = browser.get("/begin/")
    back = urlsplit(follow_to_callback(first["Location"], callback))
    answer = browser.get(f"{back.path}?{back.query}")
    user = browser.get("/in/").wsgi_request.user
    json.dump(
        {"goes": answer["Location"], "user": user.get_username(), "email": getattr(user, "email", "")}, sys.stdout
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
