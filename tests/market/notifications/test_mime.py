"""The bytes of a mail do not depend on the mails that were written before it."""

from __future__ import annotations

import email
import re
from email import policy as policies
from email.message import EmailMessage
from email.policy import EmailPolicy

import pytest
from django.core.mail import EmailMultiAlternatives

from tradepost.market.notifications import compose, mime

SUBJECTS = ("Renewed", "您的服务已续订：" + "示例产品" * 20, "Renewed", "a " * 60, "x" * 200)
TEXTS = (
    "plain\n",
    "以后的内容\n第二行\n",
    "long " * 40 + "\n",
    f"--{mime.BOUNDARY}\nwho writes such a line is seen\n",
    "",
)
READERS = ("buyer@example.com", "名字 <reader@example.com>", '"A, B" <ab@example.com>')


def mail_bytes(policy: EmailPolicy, *, kind: type[EmailMultiAlternatives], subject: str, text: str, to: str) -> bytes:
    mail = kind(
        subject=subject, body=text, from_email="Tradepost 商埠 <market@example.com>", to=[to],
        headers={"Message-ID": "<1@example.com>", "Auto-Submitted": "auto-generated", "Date": "Fri, 02 Jan 2026 03:00:00 +0000"},
    )  # fmt: skip
    mail.attach_alternative(f"<p>{text}</p>", "text/html")
    message = mail.message(policy=policy)
    content = message.as_bytes()
    boundary = message.get_boundary()
    assert isinstance(boundary, str)
    return re.sub(rb"; *\r?\n* boundary=", b"; boundary=", content.replace(boundary.encode(), b"BOUNDARY"))


@pytest.mark.slow
@pytest.mark.parametrize("policy", [policies.default, policies.SMTP, policies.SMTPUTF8])
def test_mail_equals_the_one_that_python_writes(policy: EmailPolicy) -> None:
    for _repetition in range(2):
        for subject in SUBJECTS:
            for text in TEXTS:
                for to in READERS:
                    ours = mail_bytes(policy, kind=compose._Mail, subject=subject, text=text, to=to)
                    expected = mail_bytes(policy, kind=EmailMultiAlternatives, subject=subject, text=text, to=to)
                    if text != TEXTS[3]:  # its text contains the boundary that is replaced above
                        assert ours.splitlines() == expected.splitlines()


@pytest.mark.parametrize("text", TEXTS[:4])
def test_every_part_is_read_back_unchanged(text: str) -> None:
    """RFC 2046 §5.1.1: the boundary must not occur in any of the parts."""
    mail = compose._Mail(subject="s", body=text, to=["a@example.com"])
    mail.attach_alternative(f"<p>{text}</p>", "text/html")
    parsed = email.message_from_bytes(mail.message().as_bytes(), policy=policies.default)
    plain, rich = parsed.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(rich, EmailMessage)
    assert plain.get_content().strip() == text.strip()
    assert rich.get_content().strip() == f"<p>{text}</p>".strip()


def test_attachment_is_complete() -> None:
    mail = compose._Mail(subject="s", body="b", to=["a@example.com"])
    mail.attach_alternative("<p>b</p>", "text/html")
    mail.attach("invoice.pdf", b"%PDF \x00" + mime.BOUNDARY.encode(), "application/pdf")
    parsed = email.message_from_bytes(mail.message().as_bytes(), policy=policies.default)
    [attachment] = parsed.iter_attachments()
    assert attachment.get_content() == b"%PDF \x00" + mime.BOUNDARY.encode()


def test_header_with_a_line_break_is_refused() -> None:
    """Header injection is refused, as with Django's own class."""
    mail = compose._Mail(subject="s", body="b", to=["a@example.com"], headers={"X-Said": "a\nBcc: b@example.com"})
    with pytest.raises(ValueError, match=r"(?i)header"):
        mail.message()
