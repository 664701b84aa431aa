"""Sign-ins of the members of ``enterprises``, and the data that an application has of each."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session

from tests.factories.joint import public_pem
from tradepost.market.applications.models import Application, Authorisation, Client, SignInEntry, TenantBinding
from tradepost.market.auth_centre.models import (
    AccessToken,
    AuthorizationCode,
    Consent,
    Grant,
    RefreshToken,
    ServiceTicket,
    SignInSession,
)
from tradepost.market.auth_centre.random_secrets import hash_of
from tradepost.market.base.secrets import seal
from tradepost.market.identity.models import LogIn, RecoveryCode, SecondFactor
from tradepost.market.production.models import Address

from .insert import insert, text
from .stories import Size

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""Secret of every member's authenticator app."""
PK = 900_001
"""Keys of the application and its rows, above those of other tables."""
COOKIE_OF_THE_FIRST = "what the browser of buyer 1 holds at the auth centre"
SIGNED_IN = (SignInSession, Grant, AuthorizationCode, AccessToken, RefreshToken, ServiceTicket, Consent, SignInEntry)
LOGGED_IN = (Session, LogIn, SecondFactor, RecoveryCode)
"""Sessions of market accounts are Django's."""


def signed_in(size: Size, now: datetime) -> None:
    address = Address.objects.get(pk=1)
    address.pk, address.url, address.protocol = PK, "http://127.0.0.1:9/signed-in", "joint_kit_v2"
    address.save(force_insert=True)
    pem, told = public_pem(), text("as it is")
    common = {"enterprise_id": 1, "application_id": PK, "created_at": now}
    Application.objects.create(
        pk=PK, seller_id=1, name="Signed in", app_id="signed-in", secret_hash="0" * 64, address_id=PK, public_key=pem,
        login_kind="shared", login_url="https://signed-in.many.example/", callback="https://signed-in.many.example/cb",
        created_at=now,
    )  # fmt: skip
    Client.objects.create(
        pk=PK, client_id="signed-in", callback="https://signed-in.many.example/cb", sealed_secret=seal("x"), **common
    )
    TenantBinding.objects.create(
        pk=PK, single=True, status="bound", address_id=PK, public_key=pem, bound_at=now, **common
    )
    everybody = f"generate_series(1, {size.buyers}) AS b(n)"
    insert(
        Authorisation, everybody, id=f"{PK} + n", binding_id=str(PK), member_id="n", by_hand="true", wanted="true",
        changed_at="now()", acked_version="1", acked_digest=told,
    )  # fmt: skip
    insert(
        SignInSession, everybody, id="n", member_id="n", secret_hash="'s' || n", way=text("password"),
        begun_at="now() - interval '1 hour'", expires_at="now() + interval '10 hours'",
    )  # fmt: skip
    SignInSession.objects.filter(pk=1).update(secret_hash=hash_of(COOKIE_OF_THE_FIRST))
    insert(
        Grant, everybody, id="n", session_id="n", client_id=str(PK), member_id="n", scope=text("get_user_info"),
        begun_at="now()", used_at="now()", expires_at="now() + interval '30 days'",
    )  # fmt: skip
    insert(
        AuthorizationCode, everybody, id="n", code_hash="'c' || n", session_id="n", client_id=str(PK),
        scope=text("get_user_info"), expires_at="now()", used_at="now()", grant_id="n",
    )  # fmt: skip
    for model in (AccessToken, RefreshToken):
        insert(model, everybody, id="n", token_hash="'t' || n", grant_id="n", expires_at="now() + interval '2 hours'")
    insert(
        ServiceTicket, everybody, id="n", ticket_hash="'t' || n", session_id="n", client_id=str(PK), service=text("x"),
        from_new_login="true", issued_at="now()", expires_at="now()",
    )  # fmt: skip
    insert(
        SignInEntry, f"{everybody}, generate_series(1, 5) AS c(m)", id="n * 5 + m", enterprise_id="1", member_id="n",
        application_id=f"CASE WHEN m > 2 THEN {PK} END", result="CASE WHEN m = 5 THEN 'wrong_password' ELSE 'opened' END",
        succeeded="m < 5", network=text("192.0.2.7"), at="now() - interval '1 day'",
    )  # fmt: skip
    insert(Consent, everybody, id="n", member_id="n", client_id=str(PK), given_at="now()")
    insert(
        Session, everybody, session_key="'log-in ' || n", session_data=text("x"),
        expire_date="now() + interval '10 days'",
    )  # fmt: skip
    insert(
        LogIn, everybody, id="n", user_id="n", session_id="'log-in ' || n", begun_at="now()", network=text("192.0.2.7"),
    )  # fmt: skip
    insert(
        SecondFactor, everybody, id="n", user_id="n", sealed=text(seal(SECRET)), last_step="1",
        created_at="now()",
    )  # fmt: skip
    insert(
        RecoveryCode, f"{everybody}, generate_series(1, 3) AS c(m)", id="n * 10 + m",
        factor_id="n", code_hash="'h' || m",
    )  # fmt: skip
