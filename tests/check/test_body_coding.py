"""Answers that are not plain UTF-8 are read anyway, and their encoding is named (saas-v2 §3.0)."""

from __future__ import annotations

import gzip
import json

import pytest

from tradepost.check.answers import Answer, expect_readable
from tradepost.check.body_coding import chinese_charset, decompress, utf8_mistake
from tradepost.check.http_client import RawResponse
from tradepost.check.outcomes import Failed
from tradepost.protocols.http import Request

TEXT = json.dumps({"resultCode": "000001", "resultMsg": "签名错误，请检查密钥（许功盖）"}, ensure_ascii=False)
REQUEST = Request("POST", "http://x/")


def answer(body: bytes, *headers: tuple[str, str]) -> Answer:
    return Answer(REQUEST, RawResponse(status=200, body=body, headers=headers))


@pytest.mark.parametrize("charset", ["gbk", "gb18030", "gb2312"])
def test_chinese_character_sets_are_read_and_named(charset):
    body = TEXT.replace("盖", "").encode(charset)
    assert utf8_mistake(body) == "answer_in_gbk"
    assert answer(body).code == "000001"


@pytest.mark.parametrize("body", [TEXT.encode("utf-16"), b'{"resultCode":"000000","m":"\xe9t\xe9"}', b"\xff\xfe\x00"])
def test_other_bytes_are_reported_as_not_utf_8(body):
    assert utf8_mistake(body) == "not_utf8"
    assert chinese_charset(body) == ""


@pytest.mark.parametrize("body", [TEXT.encode(), b"{}", b""])
def test_utf_8_is_right(body):
    assert utf8_mistake(body) == ""


def test_compressed_answer_is_read_and_named_with_and_without_its_header():
    packed = gzip.compress(TEXT.encode())
    for headers in ((), (("Content-Encoding", "gzip"),)):
        came = answer(packed, *headers)
        assert came.code == "000001"
        with pytest.raises(Failed) as found:
            expect_readable(came)
        assert found.value.name == "compressed"


def test_bytes_that_only_start_like_gzip_are_unchanged():
    assert decompress(b"\x1f\x8bnot really") == b"\x1f\x8bnot really"
