"""Requests refused before they are read get the reason, in the reader's language."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from tests.market.web.exchanging import scope
from tradepost.market.web.environs import environ_of
from tradepost.market.web.unread import refusal_response

ISSUE = "/seller/invoices/1/issue/"


@pytest.mark.parametrize(
    ("language", "cookie", "message"),
    [
        ("en", "", "larger than the 21 MB that this form accepts"),
        ("zh-CN,zh;q=0.9", "", "（含文件）超过了此表单可接收的 21 MB"),
        ("en", "django_language=zh-hans", "（含文件）超过了此表单可接收的 21 MB"),
    ],
)
def test_person_reads_the_size_limit_of_the_form(language: str, cookie: str, message: str) -> None:
    request_scope = scope(path=ISSUE, headers=[("accept-language", language), ("cookie", cookie)])
    headers, page = refusal_response(environ_of(request_scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    assert message in page.decode()
    assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"


def test_incomplete_request_is_explained_and_programs_read_the_status() -> None:
    _headers, page = refusal_response(environ_of(scope(path=ISSUE)), HTTPStatus.REQUEST_TIMEOUT)
    assert "send it again" in page.decode() or "重新提交" in page.decode()
    call = environ_of(scope(path="/api/mkp-openapi-public/global/v1/order/query"))
    assert refusal_response(call, HTTPStatus.REQUEST_ENTITY_TOO_LARGE) == ([], b"")
    assert refusal_response(environ_of(scope(path=ISSUE)), HTTPStatus.SERVICE_UNAVAILABLE) == ([], b"")
