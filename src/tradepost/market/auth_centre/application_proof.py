"""Authenticate an application at the main host by its own id and secret (openapi-jointkit §B.1, §B.10).

Requests there name no enterprise; the code or token identifies it ("used while obtaining the login token").
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from tradepost.market.applications.credential import PURPOSE
from tradepost.market.applications.models import Application, Client
from tradepost.market.base.secrets import fingerprints

from .client_proof import MAX_LENGTH, Credentials
from .models import AuthorizationCode, RefreshToken
from .random_secrets import hash_of


def client_by_application(credentials: Credentials, form: Mapping[str, str]) -> Client | None:
    """Return the client of the code or token if it belongs to the authenticated application. None for a wrong id or
    secret.

    For a code or token of another application, return any client of this one, so that the endpoint refuses the code
    itself.
    """
    if (
        not credentials.secret
        or len(credentials.secret) > MAX_LENGTH
        or not credentials.client_id
        or "\0" in credentials.client_id
    ):
        return None
    application = Application.objects.filter(app_id=credentials.client_id[:MAX_LENGTH]).first()
    if application is None or not is_authentic(application, credentials.secret):
        return None
    clients = Client.objects.select_related("application", "enterprise").filter(application=application)
    client_pk = _client_of_token(form)
    matching = clients.filter(pk=client_pk).first() if client_pk is not None else None
    return matching or next(
        iter(clients.exclude(callback="")[:1]), None
    )  # any client, unordered so that one row is read


def is_authentic(application: Application, secret: str) -> bool:
    return any(
        hmac.compare_digest(application.secret_hash, fingerprint) for fingerprint in fingerprints(PURPOSE, secret)
    )


def _client_of_token(form: Mapping[str, str]) -> int | None:
    if code := form.get("code", ""):
        return AuthorizationCode.objects.filter(code_hash=hash_of(code)).values_list("client_id", flat=True).first()
    if token := form.get("refresh_token", ""):
        tokens = RefreshToken.objects.filter(token_hash=hash_of(token))
        return tokens.values_list("grant__client_id", flat=True).first()
    return None
