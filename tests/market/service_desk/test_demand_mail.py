"""The subject of demand mails: business-rules §9 "subject 【云商店】【需求】【contact】, body with requirement and contact"."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradepost.market.service_desk.demand_mail import Subject, link_for, read_subject, subject_for

SUBJECTS = {
    "【商埠】【需求】【张三】": Subject("商埠", "张三"),
    "【Tradepost】【Demand】【Jane Doe】": Subject("Tradepost", "Jane Doe"),
    "Re: 【商埠】【需求】【张三】": Subject("商埠", "张三"),
    "转发：回复: 【商埠】【需求】【张三】": Subject("商埠", "张三"),
    "[商埠][需求][张三]": Subject("商埠", "张三"),
    "【商埠】 【需求】  【 张三 13900000000 】": Subject("商埠", "张三 13900000000"),
    "【需求】【张三】": Subject("", "张三"),
    "【商埠】【ＤＥＭＡＮＤ】【张三】": Subject("商埠", "张三"),
    "【商埠】【需求】": None,
    "【商埠】【张三】【需求】": None,
    "【商埠】【发票】【张三】": None,
    "【商埠】【需求】【张三】急": None,
    "需求": None,
    "": None,
    "【商埠】【需求】【张三】【李四】": None,
    "【" * 300 + "需求】【x】": None,
}


@pytest.mark.parametrize("text", SUBJECTS)
def test_a_subject_is_read(text: str) -> None:
    assert read_subject(text) == SUBJECTS[text]


@given(st.text(max_size=400))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_subject(text)
    assert found is None or isinstance(found.contact, str)


@example("[a] 【b】")
@given(st.text(min_size=1, max_size=60).filter(lambda text: text.split()))
def test_what_is_written_is_read_back(contact: str) -> None:
    found = read_subject(subject_for("商埠", "需求", contact))
    if not set(contact) & set("[]［］〔〕「」【】"):
        assert found == Subject("商埠", " ".join(contact.split()))
    else:
        assert found is None or found.market == "商埠"


def test_a_link_opens_a_mail_with_all_of_it() -> None:
    link = link_for("help@market.example", "【商埠】【需求】【A & B】", "Line 1\nName: ?")
    parts = urlsplit(link)
    assert (parts.scheme, parts.path) == ("mailto", "help@market.example")
    assert parse_qs(parts.query) == {"subject": ["【商埠】【需求】【A & B】"], "body": ["Line 1\nName: ?"]}
