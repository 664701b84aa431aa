"""What allauth says in Chinese is said in the market's words: 邮箱 and 账号, nothing else for the same things."""

from __future__ import annotations

import re
from gettext import GNUTranslations
from pathlib import Path

import allauth
import pytest
from django.test import Client
from django.utils import translation

from tests import factories
from tradepost.market.web import account_messages as words

CATALOGUE = Path(allauth.__file__).parent / "locale/zh_Hans/LC_MESSAGES/django.mo"
OURS = [*words.FORMS, *words.PAGES, *words.MESSAGES]
FOREIGN = re.compile(r"(?<![%(])\b[Ee]-?mails?\b(?!\))|电子邮件|帐号|账户|帐户|Hello")
"""Not the names of values, as in ``%(email)s``."""


def said(text: str) -> str:
    """Without addresses of pages, which may name anything."""
    return FOREIGN.sub("✗", re.sub(r"<[^>]*>", "", text))


@pytest.mark.parametrize("text", OURS)
def test_a_text_of_allauth_is_said_in_our_words(text: str) -> None:
    with CATALOGUE.open("rb") as file:
        theirs = GNUTranslations(file).gettext(text)
    assert theirs != text, "allauth says this no more"
    with translation.override("zh-hans"):
        ours = translation.gettext(text)
    assert ours not in {text, theirs}
    assert "✗" not in said(ours)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["email", "password/change"])
def test_account_pages_mix_no_words(client: Client, page: str) -> None:
    client.force_login(factories.make_buyer())
    client.cookies["django_language"] = "zh-hans"
    body = client.get(f"/account/{page}/").content.decode()
    shown = re.sub(r"<[^>]*>", " ", body[body.index("<main") : body.index("</main>")])
    assert FOREIGN.findall(shown) == []


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_labels_are_not_repeated_inside_the_fields(client: Client, page: str) -> None:
    client.cookies["django_language"] = "zh-hans"
    body = client.get(f"/account/{page}/").content.decode()
    main = body[body.index("<main") : body.index("</main>")]
    assert "<input" in main
    assert "placeholder" not in main
    assert FOREIGN.findall(re.sub(r"<[^>]*>", " ", main)) == []
