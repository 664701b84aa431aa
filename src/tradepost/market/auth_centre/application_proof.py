"""An application proves itself at the main host by its own id and secret: no enterprise is named there, and the code or token says of
which one it is (openapi-jointkit §B.1 "used while obtaining the login token", §B.10)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from tradepost.market.applications.credential import PURPOSE
from tradepost.market.applications.models import Application, Client
from tradepost.market.base.secrets import fingerprints

from .client_proof import LONGEST, Credentials
from .drawn import hash_of
from .models import AuthorizationCode, RefreshToken


def client_by_application(given: Credentials, form: Mapping[str, str]) -> Client | None:
    """The client for which the code or token was made, where it is one of the application that proves itself; any of its clients for
    another one's, which then is refused as what it is. None for a wrong id or secret."""
    if not given.secret or len(given.secret) > LONGEST or not given.client_id or "\0" in given.client_id:
        return None
    application = Application.objects.filter(app_id=given.client_id[:LONGEST]).first()
    if application is None or not is_proved(application, given.secret):
        return None
    own = Client.objects.select_related("application", "enterprise").filter(application=application)
    wanted = _client_of_what_comes(form)
    of_this = own.filter(pk=wanted).first() if wanted is not None else None
    return of_this or next(iter(own.exclude(callback="")[:1]), None)  # any: in no order, so that one row is read


def is_proved(application: Application, secret: str) -> bool:
    return any(hmac.compare_digest(application.secret_hash, one) for one in fingerprints(PURPOSE, secret))


def _client_of_what_comes(form: Mapping[str, str]) -> int | None:
    if code := form.get("code", ""):
        return AuthorizationCode.objects.filter(code_hash=hash_of(code)).values_list("client_id", flat=True).first()
    if token := form.get("refresh_token", ""):
        known = RefreshToken.objects.filter(token_hash=hash_of(token))
        return known.values_list("grant__client_id", flat=True).first()
    return None
