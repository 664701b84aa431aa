"""What is refused unread says why, to people and in their language."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from tests.market.web.exchanging import scope
from tradepost.market.web.environs import environ_of
from tradepost.market.web.unread import words

ISSUE = "/seller/invoices/1/issue/"


@pytest.mark.parametrize(
    ("language", "cookie", "said"),
    [
        ("en", "", "larger than the 21 MB that this form takes"),
        ("zh-CN,zh;q=0.9", "", "（含文件）超过了此表单可接收的 21 MB"),
        ("en", "django_language=zh-hans", "（含文件）超过了此表单可接收的 21 MB"),
    ],
)
def test_a_person_reads_how_much_the_form_takes(language: str, cookie: str, said: str) -> None:
    asked = scope(path=ISSUE, headers=[("accept-language", language), ("cookie", cookie)])
    headers, page = words(environ_of(asked), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    assert said in page.decode()
    assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"


def test_what_broke_off_is_said_and_programs_read_the_status() -> None:
    _headers, page = words(environ_of(scope(path=ISSUE)), HTTPStatus.REQUEST_TIMEOUT)
    assert "send it again" in page.decode() or "重新提交" in page.decode()
    call = environ_of(scope(path="/api/mkp-openapi-public/global/v1/order/query"))
    assert words(call, HTTPStatus.REQUEST_ENTITY_TOO_LARGE) == ([], b"")
    assert words(environ_of(scope(path=ISSUE)), HTTPStatus.SERVICE_UNAVAILABLE) == ([], b"")
