"""Pages for buyers: sign in to a purchased workspace, view it, sign out. Plain WSGI, plain HTML, two languages."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from office import tables
from translations import TRANSLATIONS, language_of

from tradepost.kit import wsgi
from tradepost.kit.wsgi import read_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from accounts import Account, Accounts
    from office import Shown

    from tradepost.kit import Seller

COOKIE = "sample_session"
PRODUCE = "/produce"
STYLE = """
:root{color-scheme:light dark;--line:#d8dee9;--soft:#f4f6fa;--ink:#1c2536;--quiet:#5b667a;--go:#0b5fd0;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--line:#343d4f;--soft:#141a26;--ink:#e8ecf4;--quiet:#a0abc0;--go:#6ea8ff;--bad:#ff9a92}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--soft);color:var(--ink);
 font:1rem/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans SC",sans-serif}
main{width:100%;max-width:26rem;padding:2rem;border:1px solid var(--line);border-radius:.75rem;background:Canvas}
h1{margin:0 0 .25rem;font-size:1.4rem;line-height:1.3}
p{margin:.5rem 0;color:var(--quiet)}
label{display:block;margin-top:1rem;font-weight:600}
input,button{width:100%;min-height:2.75rem;margin-top:.25rem;padding:.4rem .75rem;font:inherit;border-radius:.5rem}
input{border:1px solid var(--quiet);background:Canvas;color:inherit}
button{margin-top:1.5rem;border:1px solid var(--go);background:var(--go);color:Canvas;font-weight:600;cursor:pointer}
:focus-visible{outline:3px solid var(--go);outline-offset:2px}
.problem{padding:.6rem .8rem;border-left:4px solid var(--bad);color:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.25rem;margin:1.25rem 0 0}
main.office{max-width:75rem;min-width:0}h2{margin:1.5rem 0 .25rem;font-size:1.1rem}.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse}th,td{padding:.4rem .75rem .4rem 0;text-align:start;vertical-align:top}
th{color:var(--quiet);font-weight:600;white-space:nowrap}td{border-top:1px solid var(--line);overflow-wrap:anywhere}
td.license{white-space:pre-wrap;font:0.8125rem/1.5 ui-monospace,Menlo,Consolas,monospace}td:is(.status,.role){white-space:nowrap}
@media (max-width:48rem){main.office{padding:1.25rem}thead{position:absolute;left:-99rem}table,tbody,tr,td{display:block}
 tr{padding:.75rem 0;border-top:1px solid var(--line)}td{padding:.1rem 0;border:0}td:empty{display:none}
 td::before{content:attr(data-label) "  ";color:var(--quiet)}td.license::before{display:block}}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SECURITY = [
    (
        "Content-Security-Policy",
        f"default-src 'none'; img-src data:; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; base-uri 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
]


def ignore(_instance_id: str) -> None:
    """Ignore a sign-in to a product that is not charged by usage."""


class Pages:
    """The WSGI application of the sample: ``/produce`` for the market, the rest for buyers.

    It is created before the seller, since the address for buyers contains the port that the server gets.
    """

    def __init__(self) -> None:
        self._productions: dict[str, WSGIApplication] = {}
        self._office: tuple[str, Sequence[Shown]] = ("", ())

    def open(
        self, seller: Seller | None, accounts: Accounts, *, secure: bool, signed_in: Callable[[str], None] = ignore
    ) -> None:
        """``seller`` answers at ``/produce``; None if sellers are mounted separately. ``signed_in``: called for each
        sign-in."""
        if seller is not None:
            self._productions[PRODUCE] = wsgi(seller)
        self._accounts = accounts
        self._signed_in = signed_in
        self._cookie_ends = "; Secure" if secure else ""

    def mount(self, protocol: str, seller: Seller) -> None:
        """Mount a seller at its own path; the first one also at ``/produce``."""
        application = wsgi(seller)
        self._productions.setdefault(PRODUCE, application)
        self._productions[f"{PRODUCE}/{protocol}"] = application

    def open_office(self, path: str, sellers: Sequence[Shown]) -> None:
        self._office = path, sellers

    def _production(self, path: str) -> WSGIApplication | None:
        """Joint-operation calls append their own path to the address of the product."""
        address = path.partition("/produceAPI/")[0]
        return self._productions.get(address)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        production = self._production(path)
        if production is not None:
            return production(environ, start_response)
        word = TRANSLATIONS[language_of(environ.get("HTTP_ACCEPT_LANGUAGE", ""))]
        method, (_, area, *rest) = environ["REQUEST_METHOD"], (path if "/" in path else "/").split("/")
        match method, area, rest:
            case "GET" | "HEAD", "healthz", []:
                return _send(start_response, HTTPStatus.OK, json.dumps({"status": "ok"}), kind="application/json")
            case "GET" | "HEAD", "office", [_] if path == self._office[0]:
                content = tables(self._office[1], word)
                return _page(start_response, HTTPStatus.OK, word, word["office"], content, width="office")
            case "GET" | "HEAD", "", []:
                return _page(start_response, HTTPStatus.OK, word, word["title"], f"<p>{word['welcome']}</p>")
            case "GET" | "HEAD", "login", [instance_id]:
                return self._login_page(start_response, word, instance_id)
            case "POST", "login", [instance_id]:
                return self._sign_in(environ, start_response, word, instance_id)
            case "GET" | "HEAD", "workspace", [instance_id]:
                return self._workspace(environ, start_response, word, instance_id)
            case "POST", "logout", [instance_id]:
                self._accounts.sign_out(_session(environ))
                return self._go(start_response, f"/login/{instance_id}", f"{COOKIE}=; Max-Age=0")
        return _page(start_response, HTTPStatus.NOT_FOUND, word, word["not_found"], f"<p>{word['not_found_help']}</p>")

    def _login_page(
        self,
        start_response: StartResponse,
        word: Mapping[str, str],
        instance_id: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        problem: str = "",
        user_name: str = "",
    ) -> Iterable[bytes]:
        account = self._accounts.get(instance_id)
        if account is None:
            return _page(start_response, HTTPStatus.NOT_FOUND, word, word["gone"], f"<p>{word['gone_help']}</p>")
        if account.frozen:
            return _page(start_response, HTTPStatus.FORBIDDEN, word, word["frozen"], f"<p>{word['frozen_help']}</p>")
        alert = f'<p class="problem" role="alert">{problem}</p>' if problem else ""
        form = (
            f'<p>{escape(account.plan) or word["workspace"]}</p>{alert}<form method="post">'
            f'<label for="user">{word["user_name"]}</label>'
            f'<input id="user" name="user_name" value="{escape(user_name)}" autocomplete="username" required autofocus>'
            f'<label for="password">{word["password"]}</label>'
            '<input id="password" name="password" type="password" autocomplete="current-password" required>'
            f"<button>{word['sign_in']}</button></form>"
        )
        return _page(start_response, status, word, word["sign_in_title"], form)

    def _sign_in(
        self, environ: WSGIEnvironment, start_response: StartResponse, word: Mapping[str, str], instance_id: str
    ) -> Iterable[bytes]:
        typed = parse_qs((read_body(environ) or b"").decode("utf-8", "replace"))
        user_name, password = typed.get("user_name", [""])[0].strip(), typed.get("password", [""])[0]
        account = self._accounts.get(instance_id)
        if account is None or account.frozen:
            return self._login_page(start_response, word, instance_id)
        token = self._accounts.sign_in(instance_id, user_name, password)
        if token is None:
            return self._login_page(
                start_response,
                word,
                instance_id,
                status=HTTPStatus.UNAUTHORIZED,
                problem=word["wrong"],
                user_name=user_name,
            )
        self._signed_in(instance_id)
        return self._go(start_response, f"/workspace/{instance_id}", f"{COOKIE}={token}")

    def _workspace(
        self, environ: WSGIEnvironment, start_response: StartResponse, word: Mapping[str, str], instance_id: str
    ) -> Iterable[bytes]:
        account = self._accounts.signed_in(_session(environ))
        if account is None or account.instance_id != instance_id:
            return self._go(start_response, f"/login/{instance_id}")
        if account.frozen:
            return self._login_page(start_response, word, instance_id)
        return _page(start_response, HTTPStatus.OK, word, word["workspace"], _workspace(account, word))

    def _go(self, start_response: StartResponse, target: str, cookie: str = "") -> Iterable[bytes]:
        headers = [("Location", quote(target))]
        if cookie:
            headers.append(("Set-Cookie", f"{cookie}; Path=/; HttpOnly; SameSite=Lax{self._cookie_ends}"))
        return _send(start_response, HTTPStatus.SEE_OTHER, "", headers=headers)


def _workspace(account: Account, word: Mapping[str, str]) -> str:
    expiry = f"{account.expires_at:%Y-%m-%d %H:%M} UTC" if account.expires_at else word["no_expiry"]
    facts = {
        word["plan"]: account.plan or word["unknown"],
        word["quantity"]: word["unknown"] if account.quantity is None else str(account.quantity),
        word["status"]: word["active"],
        word["expiry"]: expiry,
        word["user_name"]: account.user_name,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    out = (
        f'<form method="post" action="/logout/{escape(account.instance_id)}"><button>{word["sign_out"]}</button></form>'
    )
    return f"<p>{word['hello']}</p><dl>{rows}</dl>{out}"


def _session(environ: WSGIEnvironment) -> str:
    try:
        morsel = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _page(
    start_response: StartResponse,
    status: HTTPStatus,
    word: Mapping[str, str],
    title: str,
    content: str,
    *,
    width: str = "narrow",
) -> Iterable[bytes]:
    html = (
        f'<!doctype html><html lang="{word["lang"]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{title} · {word['title']}</title><style>{STYLE}</style></head>"
        f'<body><main class="{width}"><h1>{title}</h1>{content}</main></body></html>'
    )
    return _send(
        start_response, status, html, headers=[("Vary", "Accept-Language"), ("Content-Language", word["lang"])]
    )


def _send(
    start_response: StartResponse,
    status: HTTPStatus,
    text: str,
    *,
    kind: str = "text/html; charset=utf-8",
    headers: Iterable[tuple[str, str]] = (),
) -> Iterable[bytes]:
    body = text.encode()
    all_headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *SECURITY, *headers]
    start_response(f"{status.value} {status.phrase}", all_headers)
    return [body]
