"""Every string that a person can see stands in both languages."""

from __future__ import annotations

from pathlib import Path

from scripts.check_translations import problems
from tests.architecture import source

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Good day"
msgstr "您好"

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
<p>it's {% translate "Good day" %}</p>
    {% blocktranslate trimmed count n=count %}
      {{ n }} order
    {% plural %}
      {{ n }} orders
    {% endblocktranslate %}
  {{ name|default:_("Nobody") }}
"""
CODE = 'TITLE = gettext_lazy("Pay")\nMONTH = pgettext("calendar", "May")\n'


def test_every_visible_string_is_translated() -> None:
    assert problems(source.ROOT) == []


def test_each_kind_of_fault_is_found(tmp_path: Path) -> None:
    app = tmp_path / "src/shop"
    catalog = app / "locale/zh_Hans/LC_MESSAGES/django.po"
    for path, text in {catalog: PO, app / "templates/page.html": PAGE, app / "labels.py": CODE}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    where = catalog.relative_to(tmp_path)
    assert problems(tmp_path) == [
        f"{where}: obsolete entry 'Gone'",
        f"{where}: fuzzy 'Pay'",
        f"{where}: other placeholders than ('%(n)s order', '%(n)s orders')",
        f"{where}: nothing shows 'No page says this' any more",
        "src/shop/labels.py:2: no translation of 'May'",
        "src/shop/templates/page.html:8: no translation of 'Nobody'",
    ]
