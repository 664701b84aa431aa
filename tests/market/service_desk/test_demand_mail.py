"""Demand mails: business-rules §9 "subject 【云商店】【需求】【contact】, body with requirement and contact"."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradepost.market.service_desk import demand_mail
from tradepost.market.service_desk.demand_mail import Problem, Subject, link_for, read_mail, read_subject, subject_for

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
def test_subject_is_parsed(text: str) -> None:
    assert read_subject(text) == SUBJECTS[text]


@given(st.text(max_size=400))
def test_no_text_breaks_the_parser(text: str) -> None:
    parsed = read_subject(text)
    assert parsed is None or isinstance(parsed.contact, str)


@example("[a] 【b】")
@given(st.text(min_size=1, max_size=60).filter(lambda text: text.split()))
def test_written_subject_is_parsed_back(contact: str) -> None:
    parsed = read_subject(subject_for("商埠", "需求", contact))
    if not set(contact) & set("[]［］〔〕「」【】"):
        assert parsed == Subject("商埠", " ".join(contact.split()))
    else:
        assert parsed is None or parsed.market == "商埠"


def test_link_opens_a_mail_with_the_whole_template() -> None:
    link = link_for("help@market.example", "【商埠】【需求】【A & B】", "Line 1\nName: ?")
    parts = urlsplit(link)
    assert (parts.scheme, parts.path) == ("mailto", "help@market.example")
    assert parse_qs(parts.query) == {"subject": ["【商埠】【需求】【A & B】"], "body": ["Line 1\nName: ?"]}


def mail_of(
    body: bytes, kind: str = "text/plain", *, subject: bytes = "【商埠】【需求】【张三】".encode(), **headers: str
) -> bytes:
    """Make a mail as some programs do: bytes without encoded words."""
    lines = [b"From: zhang@acme.example", b"Message-ID: <1@acme.example>", b"Subject: " + subject]
    lines += [f"{name.replace('_', '-')}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join([*lines, b"Content-Type: " + kind.encode(), b"", body])


WORDS = "镕基大厦需要 CRM 系统"
"""镕 is not in GB 2312."""
BLANK_PLAIN = (
    b'--b\r\nContent-Type: text/plain\r\n\r\n \r\n--b\r\nContent-Type: text/html; charset="utf-8"\r\n\r\n'
    + f"<p>{WORDS}</p>".encode()
    + b"\r\n--b--\r\n"
)
TEXTS = {
    "no charset, UTF-8": mail_of(WORDS.encode()),
    "no charset, GBK": mail_of(WORDS.encode("gbk")),
    "ASCII named, UTF-8": mail_of(WORDS.encode(), "text/plain; charset=us-ascii"),
    "unknown charset": mail_of(WORDS.encode(), "text/plain; charset=klingon"),
    "no charset at all": mail_of(WORDS.encode(), 'text/plain; charset=""'),
    "an encoding of Python": mail_of(WORDS.encode(), "text/plain; charset=idna"),
    **{
        name: mail_of(WORDS.encode("gb18030"), f'text/plain; charset="{name}"')
        for name in ("gb2312", "GBK", "gb_2312-80", "cp936", "gb18030")
    },
    "HTML in GBK": mail_of(f"<title>t</title><p>{WORDS}</p>".encode("gbk"), "text/html; charset=gb2312"),
    "blank plain part": mail_of(BLANK_PLAIN, 'multipart/alternative; boundary="b"'),
    "subject in GBK": mail_of(WORDS.encode(), subject="【商埠】【需求】【张三】".encode("gbk")),
}


@pytest.mark.parametrize("case", TEXTS)
def test_mail_in_any_charset_is_read(case: str) -> None:
    """business-rules §9: "body with requirement and contact"."""
    mail = read_mail(TEXTS[case])
    assert (mail.problem, mail.text, mail.contact) == (None, WORDS, "张三")
    assert (mail.sender, mail.message_id) == ("zhang@acme.example", "<1@acme.example>")


def test_bytes_in_an_unknown_charset_are_read_as_far_as_possible() -> None:
    assert read_mail(mail_of(b"CRM \xff\xff\xff system")).text == "CRM \ufffd\ufffd\ufffd system"


def test_encoded_subject_in_gb2312_may_hold_other_characters() -> None:
    word = base64.b64encode("【商埠】【需求】【朱镕】".encode("gbk")).decode()
    assert read_mail(mail_of(WORDS.encode(), subject=f"=?GB2312?B?{word}?=".encode())).contact == "朱镕"


def test_broken_body_keeps_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_mail: object) -> str:
        raise KeyError("multipart")

    monkeypatch.setattr(demand_mail, "text_of", broken)
    mail = read_mail(mail_of(b"x"))
    assert (mail.problem, mail.subject) == (Problem.UNREADABLE, "【商埠】【需求】【张三】")
    assert (mail.sender, mail.message_id) == ("zhang@acme.example", "<1@acme.example>")


HTML = {
    "<div>a</div><div>b</div>": "a\nb",
    "a<br>b<br/>c": "a\nb\nc",
    "<div>a</div><div><br></div><div>b</div>": "a\n\nb",
    "<p>a\n  b</p><ul><li>c</li><li>d</li></ul>": "a b\nc\nd",
    "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>": "1  2\n3",
    "<html><head><title>t</title><style>p{}</style></head><body>a<script>b</script></body></html>": "a",
    '<pre>a\n b</pre><b title="x>y">c</b> &lt;d&gt; &amp;lt;': "a\n b\nc <d> &lt;",
    "<a href='https://x.example/?a>b'>link</a><!-- no -->": "link",
}


@pytest.mark.parametrize("page", HTML)
def test_html_keeps_its_lines(page: str) -> None:
    assert read_mail(mail_of(page.encode(), "text/html; charset=utf-8")).text == HTML[page]


@pytest.mark.parametrize(
    ("name", "value", "automatic"),
    [
        ("Auto_Submitted", "auto-replied", True),
        ("Auto_Submitted", "auto-generated; x=y", True),
        ("Auto_Submitted", "No", False),
        ("X_Auto_Response_Suppress", "All", True),
        ("X_Auto_Response_Suppress", "DR, OOF, AutoReply", True),
        ("X_Auto_Response_Suppress", "None", False),
        ("X_Autoreply", "yes", True),
        ("X_Autorespond", "Re: x", True),
        ("Precedence", "auto_reply", True),
        ("Precedence", "bulk", True),
        ("Precedence", "first-class", False),
    ],
)
def test_automatic_mail_is_no_demand(name: str, value: str, automatic: bool) -> None:
    """RFC 3834 §2; Exchange marks absence notes with X-Auto-Response-Suppress only."""
    headers: dict[str, Any] = {name: value}
    mail = read_mail(mail_of(WORDS.encode(), "text/plain", **headers))
    assert mail.problem == (Problem.AUTOMATIC if automatic else None)
