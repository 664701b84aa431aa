"""Sign-in of a tenant's people: redirect to the auth centre, callback and sessions (openapi-jointkit §B.2 to §B.9).

Domain, client and secret come from synchronised rows, never from a request; the browser's data only selects a row.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from tradepost.kit.wsgi import utc_now

from . import problems
from .auth_centre import Identity, Tokens
from .renewal import confirm
from .replies import Cookie, Refused, Reply, auth_centre_problems, local_path, path_of_cookie, same_origin
from .rows import Client, Session, User
from .sessions import fresh_token, hash_of, pack, seal, unpack
from .tenant_clients import TenantClients

if TYPE_CHECKING:
    import ssl

    from .client_secrets import ClientSecrets
    from .directory import Directory

log = logging.getLogger(__name__)

ATTEMPT_LIFE = timedelta(minutes=10)
TENANT_COOKIE_LIFE = timedelta(days=180)
MAX_ID_LENGTH = 64
MAX_CODE_LENGTH = 4096
ATTEMPT_MEMBERS = {"tenant", "next", "until", "state", "verifier", "client"}
"""Parts of a sign-in attempt in the browser's cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person with access to the application (openapi-jointkit §A.7, §B.7).

    ``tenant_id``, ``tenant_code``, ``tenant_name``: of the enterprise. ``user_name``: unique inside it; ``name``: for
    display. ``admin``: may administer the application. ``department``: code of the department. ``instance_ids``:
    purchased instances that grant the access; empty for a test account.
    """

    tenant_id: str
    tenant_code: str
    tenant_name: str
    user_name: str
    name: str
    admin: bool
    department: str
    instance_ids: tuple[str, ...]

    @property
    def account(self) -> str:
        """Account name, unique among all enterprises (§A.5)."""
        return f"{self.user_name}@{self.tenant_code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JointLogin:
    """Signs people in to one application.

    >>> login = JointLogin(directory=directory, secrets=secrets, app_id="…", callback="https://app.example.com/signin/callback")

    ``app_id``: of the credential. ``callback``: exactly as registered with it. ``market``: address of the unified login
    page, for people with an unknown enterprise (§B.3); without it they are sent to their workbench. ``cas``: the
    credential signs in by CAS. ``session_life``: time until people must sign in again. ``sign_in``, ``sign_out``,
    ``home``: paths of your application. ``timeout``: seconds for an answer of the auth centre. ``insecure_http``:
    permit an auth centre without https on other machines. ``cookie``: prefix of the cookie names; two applications on
    one host need different ones. Raises ``ValueError`` for an invalid callback.
    """

    directory: Directory
    secrets: ClientSecrets = field(repr=False)
    app_id: str
    callback: str
    market: str = ""
    cas: bool = False
    session_life: timedelta = timedelta(hours=12)
    sign_in: str = "/signin"
    sign_out: str = "/signout"
    home: str = "/"
    timeout: float = 5.0
    tls: ssl.SSLContext | None = None
    insecure_http: bool = False
    cookie: str = "joint"
    clock: Callable[[], datetime] = utc_now
    chance: Callable[[], str] = fresh_token

    def __post_init__(self) -> None:
        parts = urlsplit(self.callback)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.path.strip("/"):
            raise ValueError(
                f"the callback {self.callback!r} is not an address like https://app.example.com/signin/callback"
            )

    @property
    def callback_path(self) -> str:
        return urlsplit(self.callback).path

    @property
    def secure(self) -> bool:
        return self.callback.startswith("https:")

    def cookie_name(self, suffix: str = "") -> str:
        """``__Host-`` keeps other hosts of the domain from setting it; browsers allow that on https only."""
        return f"{'__Host-' if self.secure else ''}{self.cookie}{'_' if suffix else ''}{suffix}"

    # --- to the auth centre ----------------------------------------------------------------------------------------

    def begin(self, tenant_id: str, onward: str = "", cookies: Mapping[str, str] | None = None) -> Reply:
        """Redirect the browser to the tenant's auth centre. ``onward``: local path to open afterwards; other addresses
        are ignored."""
        onward = local_path(onward)
        if not self.app_id:
            log.error("JointLogin has no app_id: it is the id of the credential, which the seller center shows")
            return Reply(problem=problems.MISCONFIGURED)
        tenant_id = tenant_id or unquote((cookies or {}).get(self.cookie_name("tenant"), ""))
        if not tenant_id or len(tenant_id) > MAX_ID_LENGTH:
            return self._unified(onward)
        client = next(self._tenants.of(tenant_id), None)
        if client is None:
            return Reply(problem=problems.NOT_BOUND, cookies=(self._forget("tenant"),))
        centre = self._tenants.centre(client)
        attempt = {"tenant": tenant_id, "next": onward, "until": (self.clock() + ATTEMPT_LIFE).isoformat()}
        if self.cas:
            cookie = Cookie(name=self.cookie_name("cas"), value=pack(attempt), life=ATTEMPT_LIFE)
            return Reply(location=centre.cas_login_url(self.callback), cookies=(cookie,))
        state, verifier = self.chance(), self.chance()
        attempt |= {"state": state, "verifier": verifier, "client": client.application.client_id}
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode("ascii").rstrip("=")
        location = centre.authorize_url(
            client_id=client.application.client_id, callback=self.callback, state=state, challenge=challenge
        )
        # One cookie per attempt, so that two tabs do not interfere.
        cookie = Cookie(name=self._attempt_cookie(state), value=pack(attempt), life=ATTEMPT_LIFE)
        return Reply(location=location, cookies=(cookie,))

    def _unified(self, onward: str) -> Reply:
        """The market's page determines the enterprise (§B.3) and returns without our ``state``."""
        if not self.market:
            return Reply(problem=problems.NO_TENANT)
        cookie = Cookie(name=self.cookie_name("next"), value=quote(onward, safe=""), life=ATTEMPT_LIFE)
        page = f"{self.market.rstrip('/')}/unified-login/#/portal-login?ind=UNOP&appId={quote(self.app_id, safe='')}"
        return Reply(location=page, cookies=(cookie,))

    def _attempt_cookie(self, state: str) -> str:
        return self.cookie_name(f"try_{hash_of(state)[:12]}")

    def is_attempt(self, cookie: str) -> bool:
        """Whether the cookie belongs to a sign-in attempt."""
        return cookie.startswith(self.cookie_name("try_"))

    def forget(self, cookie: str) -> Cookie:
        return Cookie(name=cookie, value="")

    # --- and back --------------------------------------------------------------------------------------------------

    def finish(self, query: Mapping[str, str], cookies: Mapping[str, str]) -> Reply:
        """Handle the auth centre's callback: start a session or report the problem. Unverified data is never used."""
        tenant_id = query.get("tenant", "")[: MAX_ID_LENGTH + 1]
        try:
            return self._finish_cas(query, cookies) if self.cas else self._finish(query, cookies, tenant_id)
        except Refused as refusal:
            return Reply(problem=refusal.problem, tenant_id=tenant_id, cookies=refusal.cookies)

    def _finish(self, query: Mapping[str, str], cookies: Mapping[str, str], tenant_id: str) -> Reply:
        if "error" in query:
            log.warning("The auth centre sent a browser back with the error %.64r", query["error"])
            raise Refused(problems.DECLINED)
        code, state = query.get("code", ""), query.get("state", "")
        if not code or len(code) > MAX_CODE_LENGTH:
            raise Refused(problems.INCOMPLETE)
        if not state:
            # The market's login page or the workbench started this sign-in, possibly an attacker (§B.2, §B.3). Ignore
            # its code and start a sign-in for this browser, which is short because of the auth centre's session.
            if not tenant_id:
                raise Refused(problems.INCOMPLETE)
            return self.begin(tenant_id, path_of_cookie(cookies.get(self.cookie_name("next"), "")))
        name = self._attempt_cookie(state)
        attempt = unpack(cookies.get(name, ""))
        has_begun = hmac.compare_digest(attempt.get("state", "").encode(), state.encode("utf-8", "replace"))
        if not has_begun or self._is_over(attempt) or not attempt.keys() >= ATTEMPT_MEMBERS:
            raise Refused(problems.NOT_BEGUN_HERE)
        used_cookie = Cookie(name=name, value="")
        try:
            client, tokens, identity = self._redeem(attempt, code, query)
        except Refused as refusal:
            raise Refused(refusal.problem, used_cookie) from None
        self._end(cookies)
        return self._open(client, identity, attempt, used_cookie, tokens)

    def _redeem(
        self, attempt: Mapping[str, str], code: str, query: Mapping[str, str]
    ) -> tuple[Client, Tokens, Identity]:
        if query.get("tenant", attempt["tenant"]) != attempt["tenant"]:
            raise Refused(problems.OTHER_TENANT)
        clients = [
            client
            for client in self._tenants.of(attempt["tenant"])
            if client.application.client_id == attempt["client"]
        ]
        if not clients:
            raise Refused(problems.NOT_BOUND)
        centre = self._tenants.centre(clients[0])
        if "iss" in query and not same_origin(query["iss"], centre.domain):
            raise Refused(problems.OTHER_TENANT)
        with auth_centre_problems():
            tokens = self._tenants.with_secret(
                clients,
                lambda secret: centre.redeem(
                    client_id=attempt["client"],
                    secret=secret,
                    code=code,
                    callback=self.callback,
                    verifier=attempt["verifier"],
                ),
            )
            return clients[0], tokens, centre.identity(tokens.access)

    def _finish_cas(self, query: Mapping[str, str], cookies: Mapping[str, str]) -> Reply:
        ticket, tenant_id = query.get("ticket", ""), query.get("tenant", "")
        name = self.cookie_name("cas")
        attempt = unpack(cookies.get(name, ""))
        if not ticket or len(ticket) > MAX_CODE_LENGTH:
            raise Refused(problems.INCOMPLETE)
        if self._is_over(attempt):
            # CAS has no state: a ticket that this browser did not request is ignored, like a code without a state.
            if not tenant_id:
                raise Refused(problems.NOT_BEGUN_HERE)
            return self.begin(tenant_id, path_of_cookie(cookies.get(self.cookie_name("next"), "")))
        used_cookie = Cookie(name=name, value="")
        if tenant_id not in {"", attempt["tenant"]}:
            raise Refused(problems.OTHER_TENANT, used_cookie)
        client = next(self._tenants.of(attempt["tenant"]), None)
        if client is None:
            raise Refused(problems.NOT_BOUND, used_cookie)
        try:
            with auth_centre_problems():
                identity = self._tenants.centre(client).validate(ticket=ticket, callback=self.callback)
        except Refused as refusal:
            raise Refused(refusal.problem, used_cookie) from None
        self._end(cookies)
        return self._open(client, identity, attempt, used_cookie, None)

    def _open(
        self, client: Client, identity: Identity, attempt: Mapping[str, str], used_cookie: Cookie, tokens: Tokens | None
    ) -> Reply:
        tenant_id = attempt["tenant"]
        if identity.tenant_id != tenant_id:
            log.error("The auth centre of tenant %r vouched for somebody of tenant %r", tenant_id, identity.tenant_id)
            raise Refused(problems.OTHER_TENANT, used_cookie)
        if not any(row.allowed for row in self.directory.person(tenant_id, self.app_id, identity.user_name)):
            raise Refused(problems.NOT_AUTHORISED, used_cookie)
        token, now = self.chance(), self.clock()
        end = now + self.session_life
        session = Session(
            token_hash=hash_of(token),
            tenant_id=tenant_id,
            app_id=client.application.app_id,
            user_name=identity.user_name,
            expires_at=end,
            confirmed_until=end if tokens is None else min(end, now + tokens.life),
            sealed_tokens="" if tokens is None else seal(tokens.refresh, token=token),
        )
        self.directory.keep_session(session, now=now)
        if not any(row.allowed for row in self.directory.person(tenant_id, self.app_id, identity.user_name)):
            # Access was revoked after the check and before the session existed, so that call could not end it.
            self.directory.end_session(session.token_hash)
            raise Refused(problems.NOT_AUTHORISED, used_cookie)
        session_cookie = Cookie(name=self.cookie_name(), value=token, life=self.session_life)
        tenant_cookie = Cookie(
            name=self.cookie_name("tenant"), value=quote(tenant_id, safe=""), life=TENANT_COOKIE_LIFE
        )
        return Reply(
            location=local_path(attempt["next"]) or self.home,
            cookies=(used_cookie, self._forget("next"), session_cookie, tenant_cookie),
        )

    # --- signed in
    # -----------------------------------------------------------------------------------------------------

    def who(self, cookies: Mapping[str, str]) -> SignedIn | None:
        """Return the signed-in person by the current rows: a withdrawn or suspended person loses access at once."""
        token = cookies.get(self.cookie_name(), "")
        session = self.directory.session(hash_of(token)) if token else None
        now = self.clock()
        if session is None or session.app_id != self.app_id or session.expires_at <= now:
            return None
        allowed_users = [
            row for row in self.directory.person(session.tenant_id, self.app_id, session.user_name) if row.allowed
        ]
        client = next(self._tenants.of(session.tenant_id), None)
        if not allowed_users or client is None:
            self.directory.end_session(session.token_hash)
            return None
        if session.confirmed_until <= now and not confirm(self.directory, self._tenants, session, token, now=now):
            return None
        return _signed_in(client, allowed_users)

    def leave(self, cookies: Mapping[str, str]) -> Reply:
        """End the session, and send the browser to the auth centre to end its session there (§B.8)."""
        token = cookies.get(self.cookie_name(), "")
        session = self.directory.session(hash_of(token)) if token else None
        parts = urlsplit(self.callback)
        home = f"{parts.scheme}://{parts.netloc}{self.home}"
        # A form of another site sends no cookie and deletes none. The enterprise is kept for the next sign-in.
        cleared_cookies = (self._forget(""),) if token else ()
        if session is None:
            return Reply(location=self.home, cookies=cleared_cookies)
        self.directory.end_session(session.token_hash)
        client = next(self._tenants.of(session.tenant_id), None)
        return Reply(
            location=self.home if client is None else self._tenants.centre(client).logout_url(home),
            cookies=cleared_cookies,
        )

    # --- shared ----------------------------------------------------------------------------------------------------

    @property
    def _tenants(self) -> TenantClients:
        return TenantClients(
            directory=self.directory,
            secrets=self.secrets,
            app_id=self.app_id,
            timeout=self.timeout,
            tls=self.tls,
            insecure_http=self.insecure_http,
        )

    def _end(self, cookies: Mapping[str, str]) -> None:
        """End the browser's session, possibly of an earlier person."""
        token = cookies.get(self.cookie_name(), "")
        if token:
            self.directory.end_session(hash_of(token))

    def _is_over(self, attempt: Mapping[str, str]) -> bool:
        try:
            until = datetime.fromisoformat(attempt.get("until", ""))
        except ValueError:
            return True
        return (
            until.tzinfo is None or not self.clock() < until.astimezone(UTC) or not attempt.keys() >= {"tenant", "next"}
        )

    def _forget(self, suffix: str) -> Cookie:
        return self.forget(self.cookie_name(suffix))


def _signed_in(client: Client, allowed_users: list[User]) -> SignedIn:
    person = allowed_users[0]
    return SignedIn(
        tenant_id=client.tenant.tenant_id,
        tenant_code=client.tenant.code,
        tenant_name=client.tenant.name,
        user_name=person.user_name,
        name=person.name,
        admin=any(row.admin for row in allowed_users),
        department=person.org_code,
        instance_ids=tuple(row.instance_id for row in allowed_users if row.instance_id),
    )
