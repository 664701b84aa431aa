"""A small auth centre by openapi-jointkit §B.4 to §B.9, each tenant below ``/t/``. It records its requests."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode

from tradepost.kit.serve import running


@dataclass
class Grant:
    tenant: str
    client_id: str
    user_name: str
    callback: str
    challenge: str = ""
    used: bool = False


@dataclass
class AuthServer:
    """``signed_in``: by tenant, the person with a session at the auth centre. ``says``: members added to userinfo, or
    replaced. ``answer``: replaces the next response to a program."""

    url: str = ""
    clients: dict[str, dict[str, str]] = field(default_factory=lambda: {"t1": {"client-1": "client secret"}})
    callbacks: set[str] = field(default_factory=set)
    signed_in: dict[str, str] = field(default_factory=lambda: {"t1": "zhang01"})
    says: dict[str, Any] = field(default_factory=dict)
    answer: tuple[int, bytes] | None = None
    life: Any = 7200
    gives_refresh: bool = True
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)
    tickets: dict[str, Grant] = field(default_factory=dict)

    def domain(self, tenant: str = "t1") -> str:
        return f"{self.url}/t/{tenant}"

    def code(self, tenant: str = "t1", *, client_id: str = "client-1", challenge: str = "", callback: str = "") -> str:
        """Return a code as the market's own login page issues one."""
        code = secrets.token_hex(8)
        self.codes[code] = Grant(tenant, client_id, self.signed_in[tenant], callback, challenge)
        return code

    # --- WSGI ------------------------------------------------------------------------------------------------------

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _, _, tenant, *rest = environ["PATH_INFO"].split("/")
        path, query = "/".join(rest), _flat(environ["QUERY_STRING"])
        self.asked.append(path)
        if environ["REQUEST_METHOD"] == "POST":
            form = _flat(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
            return self._json(start_response, *self._token(tenant, form))
        match path:
            case "api/v1/oauth2/authorize":
                return _go(start_response, self._authorize(tenant, query))
            case "api/v1/oauth2/userinfo":
                return self._json(start_response, *self._user_info(environ.get("HTTP_AUTHORIZATION", "")))
            case "api/v1/cas/p3/serviceValidate":
                return self._json(start_response, 200, {"serviceResponse": self._validate(tenant, query)})
            case "api/v1/logout":
                return _go(start_response, query["redirect_url"])
            case "cas/login":
                ticket = f"ST-{secrets.token_hex(8)}"
                self.tickets[ticket] = Grant(tenant, "", self.signed_in[tenant], query["service"])
                return _go(start_response, f"{query['service']}?{urlencode({'ticket': ticket})}")
        raise AssertionError(f"{path} is no address of an auth centre")

    def _authorize(self, tenant: str, query: dict[str, str]) -> str:
        assert query["response_type"] == "code"
        assert query["redirect_uri"] in self.callbacks, "an address that was not registered"
        assert query["client_id"] in self.clients[tenant]
        assert query["code_challenge_method"] == "S256"
        code = self.code(
            tenant, client_id=query["client_id"], challenge=query["code_challenge"], callback=query["redirect_uri"]
        )
        back = {"code": code, "state": query["state"], "tenant": tenant, "iss": self.domain(tenant)}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def _token(self, tenant: str, form: dict[str, str]) -> tuple[int, object]:
        if self.clients[tenant].get(form["client_id"]) != form["client_secret"]:
            return 400, {"error": "invalid_client", "error_description": "Bad client credentials"}
        kept, name = (
            (self.codes, "code") if form["grant_type"] == "authorization_code" else (self.refreshes, "refresh_token")
        )
        grant = kept.get(form[name])
        wrong = grant is None or grant.used or (grant.tenant, grant.client_id) != (tenant, form["client_id"])
        if grant is not None and name == "code" and not wrong:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            wrong = (grant.callback, grant.challenge) != (form["redirect_uri"], challenge)
        if grant is None or wrong:
            words = "Invalid authorization code" if name == "code" else "Invalid refresh token"
            return 400, {"error": "invalid_grant", "error_description": words}
        grant.used = True
        access, refresh = secrets.token_hex(16), secrets.token_hex(16)
        granted = Grant(tenant, form["client_id"], grant.user_name, "")
        self.access[access], self.refreshes[refresh] = granted, Grant(tenant, form["client_id"], grant.user_name, "")
        told = {"access_token": access, "token_type": "Bearer", "expires_in": self.life, "scope": "get_user_info"}
        return 200, told | ({"refresh_token": refresh} if self.gives_refresh else {})

    def _user_info(self, authorization: str) -> tuple[int, object]:
        grant = self.access.get(authorization.removeprefix("Bearer "))
        if grant is None:
            words = "Full authentication is required to access this resource"
            return 401, {"error": "unauthorized", "error_description": words}
        told = {"id": "1", "userName": grant.user_name, "name": "A name", "role": "user", "tenant": grant.tenant}
        return 200, told | self.says

    def _validate(self, tenant: str, query: dict[str, str]) -> object:
        grant = self.tickets.pop(query["ticket"], None)
        if grant is None or grant.tenant != tenant or query["format"] != "JSON":
            return {"authenticationFailure": {"code": "INVALID_TICKET", "description": "not recognized"}}
        if grant.callback != query["service"]:
            return {"authenticationFailure": {"code": "INVALID_SERVICE", "description": "another service"}}
        told = {"userName": grant.user_name, "role": "admin", "tenant": grant.tenant} | self.says
        return {"authenticationSuccess": {"user": grant.user_name, "attributes": told}}

    def _json(self, start_response: Any, status: int, members: object) -> Iterable[bytes]:
        body = json.dumps(members).encode()
        if self.answer is not None:
            (status, body), self.answer = self.answer, None
        start_response(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "application/json")])
        return [body]


def _go(start_response: Any, location: str) -> Iterable[bytes]:
    start_response("302 Found", [("Location", location)])
    return [b""]


def _flat(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


@contextmanager
def auth_server(*callbacks: str) -> Iterator[AuthServer]:
    server = AuthServer(callbacks=set(callbacks))
    with running(server) as url:
        server.url = url
        yield server
