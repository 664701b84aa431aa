"""Sign-in, callback and sign-out over HTTP: cookies, pages with explanations, redirects."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.joint.directories import secrets
from tests.kit.joint.place import CALLBACK, place, server
from tradepost.kit.joint import JointLogin, MemoryDirectory
from tradepost.kit.joint.web import MAX_ATTEMPTS, Visit, answer, cookies_in, sign_in_redirect

__all__ = ["place", "server"]


def test_cookies_are_for_this_host_and_hidden_from_scripts(place):
    response = answer(place.browser.login, Visit(method="GET", path="/signin", query="tenant=t1&next=%2Fx"))
    assert response.status == 303
    cookie = response.header("Set-Cookie") or ""
    assert cookie.startswith("__Host-joint_try_")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure")
    assert response.header("Cache-Control") == "no-store"
    assert response.header("Referrer-Policy") == "no-referrer"


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN,en", "登录信息不完整"), ("en,zh", "The sign-in is incomplete")]
)
def test_problem_is_explained_in_the_reader_s_language(place, language, words):
    visited = Visit(method="GET", path="/signin/callback", query="tenant=<b>", language=language)
    response = answer(place.browser.login, visited)
    assert response.status == 400
    assert f"<h1>{words}</h1>" in response.body.decode()
    assert 'href="/signin?tenant=%3Cb%3E"' in response.body.decode()


def test_link_does_not_sign_out(place):
    place.browser.sign_in()
    cookie = "; ".join(f"{name}={value}" for name, value in place.browser.cookies.items())
    visited = Visit(method="GET", path="/signout", cookie=cookie)
    assert b'<form method="post">' in answer(place.browser.login, visited).body
    assert place.browser.who is not None
    assert answer(place.browser.login, replace(visited, method="POST")).status == 303
    assert place.browser.who is None
    # A form on another site sends no cookie (SameSite) and deletes none.
    stranger = answer(place.browser.login, Visit(method="POST", path="/signout"))
    assert (stranger.status, stranger.header("Location"), stranger.header("Set-Cookie")) == (303, "/", None)
    assert answer(place.browser.login, replace(visited, method="PUT", path="/signin")).status == 405


def test_signed_out_visitor_is_redirected_there_and_back(place):
    visited = Visit(method="GET", path="/报告", query="a=1&b=//x")
    location = sign_in_redirect(place.browser.login, visited).header("Location") or ""
    assert location == "/signin?next=%2F%25E6%258A%25A5%25E5%2591%258A%3Fa%3D1%26b%3D%2F%2Fx"
    asked = Visit(method="GET", path="/signin", query=f"{urlsplit(location).query}&tenant=t1").parameters
    assert place.browser.sign_in(onward=asked["next"]).location == "/%E6%8A%A5%E5%91%8A?a=1&b=//x"
    sent = sign_in_redirect(place.browser.login, replace(visited, method="POST"))
    assert (sent.status, sent.header("Location")) == (401, None)


def test_repeated_attempts_keep_few_cookies(place):
    for _ in range(MAX_ATTEMPTS + 3):
        cookie = "; ".join(f"{name}={value}" for name, value in place.browser.cookies.items())
        response = answer(place.browser.login, Visit(method="GET", path="/signin", query="tenant=t1", cookie=cookie))
        for name, value in response.headers:
            if name == "Set-Cookie":
                ((key, text),) = cookies_in(value.partition(";")[0]).items()
                place.browser.cookies.pop(key, None)
                place.browser.cookies |= {key: text} if text else {}
    assert len(place.browser.cookies) <= MAX_ATTEMPTS


@given(st.text(), st.text())
def test_unusual_headers_and_queries_are_handled(header, query):
    visited = Visit(method="GET", path="/signin/callback", cookie=header, query=query)
    login = JointLogin(directory=MemoryDirectory(), secrets=secrets(), app_id="a1", callback=CALLBACK)
    assert answer(login, visited).status in {303, 400, 403, 404}


def test_callback_must_be_an_address(place):
    for wrong in ("/signin", "https://app.example.com", "ftp://app.example.com/x"):
        with pytest.raises(ValueError, match="is not an address like"):
            replace(place.browser.login, callback=wrong)
