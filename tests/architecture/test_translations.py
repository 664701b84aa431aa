"""Every string that a person can see exists in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.check_translations import problems
from tests.architecture import source

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Good day"
msgstr "您好"

msgid "Good day"
msgstr "你好"

msgctxt "another place"
msgid "Good day"
msgstr "日安"

msgid "No page says this"
msgstr "没有页面这么说"

#, fuzzy
msgid "Pay"
msgstr "付款"

msgid "%(n)s order"
msgid_plural "%(n)s orders"
msgstr[0] "%(m)s 个订单"

#~ msgid "Gone"
#~ msgstr "没了"
"""
PAGE = """{% load i18n %}
<p>it's {% translate "Good day" %} {% translate "Good day" context "another place" %}</p>
    {% blocktranslate trimmed count n=count %}
      {{ n }} order
    {% plural %}
      {{ n }} orders
    {% endblocktranslate %}
  {{ name|default:_("Nobody") }}
"""
CODE = 'TITLE = gettext_lazy("Pay")\nMONTH = pgettext("calendar", "Permission")\n'


def test_every_visible_string_is_translated() -> None:
    assert problems(source.ROOT) == []


def test_each_kind_of_fault_is_found(tmp_path: Path) -> None:
    app = tmp_path / "src/shop"
    catalog = app / "locale/zh_Hans/LC_MESSAGES/django.po"
    for path, text in {catalog: PO, app / "templates/page.html": PAGE, app / "labels.py": CODE}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    other = tmp_path / "src/bank/locale/zh_Hans/LC_MESSAGES/django.po"
    other.parent.mkdir(parents=True)
    other.write_text('msgid "Pay"\nmsgstr "支付"\n', encoding="utf-8")

    where = catalog.relative_to(tmp_path)
    assert problems(tmp_path) == [
        f"{where}: two entries 'Good day'",
        f"{where}: obsolete entry 'Gone'",
        f"{where}: fuzzy 'Pay'",
        f"{where}: other placeholders than ('%(n)s order', '%(n)s orders')",
        f"{where}: nothing shows 'No page says this' any more",
        f"{where}: 'Pay' is '付款' here and '支付' in {other.relative_to(tmp_path)}",
        "src/shop/labels.py:2: no translation of 'Permission'",
        "src/shop/templates/page.html:8: no translation of 'Nobody'",
    ]


def test_market_has_one_name_in_chinese() -> None:
    """english.md: one term for one concept, 本商店; the brand is a separate name."""
    brand = {"商埠", "商埠 · 云软件商店", "云商店", "由商埠提供技术支持"}
    catalogs = source.ROOT.glob("src/**/locale/zh_Hans/LC_MESSAGES/django.po")
    texts = [text for path in catalogs for text in re.findall(r'^msgstr.*"(.*)"$', path.read_text(), re.MULTILINE)]
    assert [text for text in texts if text not in brand and re.search("商埠|(?<!软件)云商店", text)] == []


def test_no_text_names_the_software() -> None:
    """Issue 28, must show 5: a market has a name of its own. Decision 0105: commands, settings and packages keep their
    names."""
    brand = {"Tradepost", "Tradepost, a cloud software marketplace", "Powered by Tradepost"}
    catalogs = source.ROOT.glob("src/**/locale/zh_Hans/LC_MESSAGES/django.po")
    texts = [text for path in catalogs for text in re.findall(r'^msgid.*"(.*)"$', path.read_text(), re.MULTILINE)]
    assert [text for text in texts if text not in brand and "Tradepost" in text] == []
