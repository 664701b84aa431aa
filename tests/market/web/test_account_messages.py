"""allauth's Chinese texts use the market's terms: 邮箱 and 账号, and no synonyms."""

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
"""Without the names of placeholders, such as ``%(email)s``."""


def visible_text(text: str) -> str:
    """Without addresses of pages, which may contain any word."""
    return FOREIGN.sub("✗", re.sub(r"<[^>]*>", "", text))


@pytest.mark.parametrize("text", OURS)
def test_allauth_texts_use_our_terms(text: str) -> None:
    with CATALOGUE.open("rb") as file:
        theirs = GNUTranslations(file).gettext(text)
    assert theirs != text, "allauth says this no more"
    with translation.override("zh-hans"):
        ours = translation.gettext(text)
    assert ours not in {text, theirs}
    assert "✗" not in visible_text(ours)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["email", "password/change"])
def test_account_pages_do_not_mix_terms(client: Client, page: str) -> None:
    client.force_login(factories.make_buyer())
    client.cookies["django_language"] = "zh-hans"
    body = client.get(f"/account/{page}/").content.decode()
    shown = re.sub(r"<[^>]*>", " ", body[body.index("<main") : body.index("</main>")])
    assert FOREIGN.findall(shown) == []


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_labels_are_not_repeated_as_placeholders(client: Client, page: str) -> None:
    client.cookies["django_language"] = "zh-hans"
    body = client.get(f"/account/{page}/").content.decode()
    main = body[body.index("<main") : body.index("</main>")]
    assert "<input" in main
    assert "placeholder" not in main
    assert FOREIGN.findall(re.sub(r"<[^>]*>", " ", main)) == []
