"""Sign-in, callback and sign-out as HTTP, for the framework adapters: ``Visit`` in, ``Response`` out."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from tradepost.protocols.http import Response
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .login import JointLogin
    from .replies import Cookie, Reply

MAX_ATTEMPTS = 8
"""Maximum unfinished sign-in attempts of one browser; each has a cookie."""
STYLE = """
:root{color-scheme:light dark}
body{max-width:32rem;margin:15vh auto;padding:0 1.25rem;font:1rem/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans SC",sans-serif}
h1{font-size:1.5rem;line-height:1.3}
a,button{display:inline-block;min-height:2.75rem;padding:.4rem 1.25rem .4rem 0;font:inherit}
button{padding-left:1.25rem}
"""
RETRY_LABEL = Text(en="Sign in again", zh="重新登录")
SIGN_OUT_LABEL = Text(en="Sign out", zh="退出登录")
SIGN_IN_FIRST = Text(en="Sign in first", zh="请先登录")
SESSION_ENDED = Text(
    en="Your session has ended. What you sent was not carried out.", zh="您的登录已失效，刚才的操作未执行。"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A browser's request. ``path``: decoded; ``query``: as sent; ``cookie`` and ``language``: the headers ``Cookie``
    and ``Accept-Language``, empty if absent."""

    method: str
    path: str
    query: str = ""
    cookie: str = ""
    language: str = ""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Query parameters; the first value of a repeated name."""
        try:
            return dict(reversed(parse_qsl(self.query, keep_blank_values=True, max_num_fields=50)))
        except ValueError:
            return {}

    @property
    def cookies(self) -> Mapping[str, str]:
        return cookies_in(self.cookie)


def cookies_in(header: str) -> dict[str, str]:
    """Return names and values of the header ``Cookie``; the kit's own values need no quoting."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, separator, value in reversed(list(pairs)) if separator}


def paths(login: JointLogin) -> tuple[str, str, str]:
    """Return the paths that ``answer`` handles."""
    return (login.sign_in, login.callback_path, login.sign_out)


def answer(login: JointLogin, visit: Visit) -> Response:
    """Return the response at one of ``paths``."""
    if visit.path == login.sign_out:
        if visit.method == "POST":
            return _reply(login, login.leave(visit.cookies), visit)
        # Signing out needs a POST, so that a link or a picture on another site cannot do it.
        button = f'<form method="post"><button>{_translate(SIGN_OUT_LABEL, visit)}</button></form>'
        return _page(HTTPStatus.OK, SIGN_OUT_LABEL, button, visit)
    if visit.method not in {"GET", "HEAD"}:
        return Response(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"), *_page_headers()), b"")
    if visit.path == login.callback_path:
        return _reply(login, login.finish(visit.parameters, visit.cookies), visit)
    parameters = visit.parameters
    return _reply(login, login.begin(parameters.get("tenant", ""), parameters.get("next", ""), visit.cookies), visit)


def sign_in_redirect(login: JointLogin, visit: Visit) -> Response:
    """Return the response for a visitor of a protected page: a redirect to the sign-in and back."""
    if visit.method in {"GET", "HEAD"}:
        onward = quote(visit.path, safe="/") + (f"?{visit.query}" if visit.query else "")
        location = f"{login.sign_in}?next={quote(onward, safe='')}"
        return Response(HTTPStatus.SEE_OTHER, (("Location", location), *_page_headers()), b"")
    retry_link = _retry_link(login, "", visit)
    return _page(
        HTTPStatus.UNAUTHORIZED, SIGN_IN_FIRST, f"<p>{_translate(SESSION_ENDED, visit)}</p>{retry_link}", visit
    )


def _reply(login: JointLogin, reply: Reply, visit: Visit) -> Response:
    cookies = [*reply.cookies, *_expired_attempts(login, visit, reply)]
    headers = tuple(("Set-Cookie", _cookie(login, cookie)) for cookie in cookies)
    if reply.problem is None:
        return Response(HTTPStatus.SEE_OTHER, (("Location", reply.location), *headers, *_page_headers()), b"")
    retry_link = _retry_link(login, reply.tenant_id, visit) if reply.problem.again else ""
    words = f"<p>{_translate(reply.problem.words, visit)}</p>{retry_link}"
    page = _page(reply.problem.status, reply.problem.title, words, visit)
    return Response(page.status, (*page.headers, *headers), page.body)


def _expired_attempts(login: JointLogin, visit: Visit, reply: Reply) -> list[Cookie]:
    """Return attempts to delete if this browser has too many, since the size of the cookie header is limited."""
    new_names = {cookie.name for cookie in reply.cookies}
    attempts = [name for name in visit.cookies if login.is_attempt(name) and name not in new_names]
    return [login.forget(name) for name in attempts] if len(attempts) >= MAX_ATTEMPTS else []


def _cookie(login: JointLogin, cookie: Cookie) -> str:
    """Lax, since the redirect from the auth centre comes from another site."""
    parts = [f"{cookie.name}={cookie.value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if not cookie.value:
        parts.append("Max-Age=0")
    elif cookie.life is not None:
        parts.append(f"Max-Age={int(cookie.life.total_seconds())}")
    if login.secure:
        parts.append("Secure")
    return "; ".join(parts)


def _retry_link(login: JointLogin, tenant_id: str, visit: Visit) -> str:
    query = f"?tenant={quote(tenant_id, safe='')}" if tenant_id else ""
    return f'<p><a href="{escape(login.sign_in + query)}">{_translate(RETRY_LABEL, visit)}</a></p>'


def _page(status: HTTPStatus, title: Text, content: str, visit: Visit) -> Response:
    language = "zh-CN" if _is_chinese(visit) else "en"
    heading = _translate(title, visit)
    html = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><title>{heading}</title><style>{STYLE}</style>'
        f"<main><h1>{heading}</h1>{content}</main></html>"
    )
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Vary", "Accept-Language"), *_page_headers())
    return Response(status, headers, html.encode())


def _page_headers() -> tuple[tuple[str, str], ...]:
    """``no-referrer``: the address of a callback contains a code. No ``form-action``: signing out redirects to the auth
    centre."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    return (
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    )


def _translate(text: Text, visit: Visit) -> str:
    return escape(text.zh if _is_chinese(visit) else text.en)


def _is_chinese(visit: Visit) -> bool:
    """Return whether the browser's first language is Chinese."""
    return visit.language.strip().lower().startswith("zh")
