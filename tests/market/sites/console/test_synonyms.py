"""Issue 27, 9: the console's page of synonyms, in both languages; each act is in the audit log."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_operator
from tradepost.market.audit.models import Entry
from tradepost.market.catalog.models import Synonym, SynonymGroup
from tradepost.market.catalog.synonym_queries import synonyms_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def url_of(name: str, *args: int) -> str:
    return reverse(f"console:{name}", args=args)


def stored() -> list[tuple[int, str]]:
    return list(Synonym.objects.order_by("pk").values_list("group", "word"))


@pytest.mark.parametrize(("language", "words"), [("en", "Search synonyms"), ("zh-hans", "搜索同义词")])
def test_navigation_links_to_the_list_and_the_list_to_every_act(language: str, words: str) -> None:
    client = Client(headers={"accept-language": language})
    client.force_login(make_operator())
    assert f'href="{url_of("synonyms")}"' in client.get(url_of("overview")).content.decode()
    shown = client.get(url_of("synonyms")).content.decode()
    assert words in shown
    assert url_of("synonym_new") in shown
    row = SynonymGroup.objects.order_by("-pk")[0]
    assert f'"{url_of("synonym", row.pk)}"' in shown
    assert f'"{url_of("synonym_delete", row.pk)}"' in shown


def test_synonyms_are_added_changed_and_deleted(console: Client) -> None:
    answer = console.post(url_of("synonym_new"), {"words": "机器人\nRobot，机械臂"})
    assert (answer.status_code, answer["Location"]) == (302, url_of("synonyms"))
    group = Synonym.objects.get(word="Robot").group
    assert synonyms_of(group) == ["机器人", "Robot", "机械臂"]
    assert "机器人\nRobot\n机械臂" in console.get(url_of("synonym", group.pk)).content.decode()
    console.post(url_of("synonym", group.pk), {"words": "机器人\n无人机"})
    assert synonyms_of(group) == ["机器人", "无人机"]
    assert "机器人 · 无人机" in console.get(url_of("synonyms") + "?q=无人").content.decode()
    console.post(url_of("synonym_delete", group.pk))
    assert not SynonymGroup.objects.filter(pk=group.pk).exists()
    assert list(Entry.objects.order_by("pk").values_list("act", "outcome", "object_text")) == [
        ("synonym_new", "done", ""), ("synonym", "done", "机器人"), ("synonym_delete", "done", "机器人"),
    ]  # fmt: skip
    assert Entry.objects.order_by("pk")[0].details == {"words": "机器人\nRobot，机械臂"}


@pytest.mark.parametrize(
    ("language", "words", "error"),
    [
        ("en", "", "This field is required."),
        ("en", "机器人", "Enter at least two different words."),
        ("en", "机器人\n发票", "“发票” is in another group already."),
        ("zh-hans", "机器人", "请至少填写两个不同的词。"),
        ("zh-hans", "机器人\n发票", "“发票”已在另一组同义词中"),
        ("zh-hans", "机器人\n一二三四五六七八九", "“一二三四五六七八九”过长"),
    ],
)
def test_wrong_value_is_explained_beside_its_field_and_changes_nothing(language: str, words: str, error: str) -> None:
    client = Client(headers={"accept-language": language})
    client.force_login(make_operator())
    before, group = stored(), SynonymGroup.objects.order_by("pk")[1]
    for address in (url_of("synonym_new"), url_of("synonym", group.pk)):
        answer = client.post(address, {"words": words})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert words in page
        if language == "en" or words:
            assert error in page
        assert stored() == before


def test_synonym_deleted_meanwhile_is_not_found(console: Client) -> None:
    before = stored()
    for name in ("synonym", "synonym_delete"):
        assert console.post(url_of(name, 999_999), {"words": "a\nb"}).status_code == 404
    assert stored() == before
