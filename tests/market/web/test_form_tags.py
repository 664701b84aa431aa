"""Template tags for forms: a form with its token, a form with one button, and a confirmation dialog."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.forms import CharField, Form
from django.template import engines
from django.urls import NoReverseMatch
from django.utils.translation import override

from tests.market.walking import COMMENT, template_files

TOKEN = '<input type="hidden" name="csrfmiddlewaretoken" value="t0">'


def render(source: str, **context: Any) -> str:
    with override("en"):
        text = engines["django"].from_string(source).render({"csrf_token": "t0", **context})
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "opening"),
    [
        ("", '<form method="post">'),
        ('""', '<form method="post">'),
        ('"console:refund" 7', '<form method="post" action="/console/refunds/7/">'),
        ("page key", '<form method="post" action="/console/refunds/8/">'),
        ("address", '<form method="post" action="/a/?b=&lt;1&gt;">'),
        ('class="mt-2" novalidate=True', '<form method="post" class="mt-2" novalidate>'),
        ('hx_swap="none" data_note=text', '<form method="post" hx-swap="none" data-note="&lt;&quot;&gt;">'),
    ],
)
def test_form_is_sent_to_its_address_with_its_token(arguments: str, opening: str) -> None:
    text = render(
        f"{{% post {arguments} %}}<b>{{{{ text }}}}</b>{{% endpost %}}",
        page="console:refund", key=8, address="/a/?b=<1>", text='<">',
    )  # fmt: skip
    assert text == f"{opening}{TOKEN}<b>&lt;&quot;&gt;</b></form>"


@pytest.mark.parametrize("arguments", ['"console:no_such_page"', "missing 7", '"console:refund"'])
def test_form_to_an_unknown_page_is_an_error(arguments: str) -> None:
    with pytest.raises(NoReverseMatch):
        render(f"{{% post {arguments} %}}{{% endpost %}}")


def test_button_is_a_form() -> None:
    text = render(
        '{% post_button words "console:refund" 7 icon_name="x" css="btn-sm" about=who class="mt-2" %}',
        words="<Stop>",
        who="a&b",
    )
    assert text.startswith(
        f'<form method="post" action="/console/refunds/7/" class="mt-2">{TOKEN}<button class="btn btn-sm"'
    )
    assert '<svg class="tp-icon ' in text
    assert text.endswith('</svg> &lt;Stop&gt;<span class="visually-hidden"> a&amp;b</span></button></form>')


def test_plain_button_has_only_its_text() -> None:
    assert render('{% post_button _("Save") %}') == (
        f'<form method="post">{TOKEN}<button class="btn" type="submit">Save</button></form>'
    )


class Reason(Form):
    reason = CharField(label="Reason")


def test_dialog_asks_before_the_act() -> None:
    text = render(
        '{% confirm "d-"|add:id title _("Delete") "console:refund" 7 name="key" value=key %} {{ why }} {% endconfirm %}',
        id="4", title="Delete <it>?", key="<k>", why="A & B", form=Reason(), text="of the page",
    )  # fmt: skip
    assert '<dialog class="tp-dialog" id="d-4" aria-labelledby="d-4-title"' in text
    assert '<h2 id="d-4-title">Delete &lt;it&gt;?</h2> <p>A &amp; B</p>' in text
    assert f'<form method="post" action="/console/refunds/7/">{TOKEN}' in text
    assert '<input type="hidden" name="key" value="&lt;k&gt;" />' in text
    assert '<button class="btn btn-danger" type="submit">Delete</button>' in text
    assert 'name="reason"' not in text, "the form of the page is not asked again"


def test_dialog_shows_its_form_and_opens_again_with_its_errors() -> None:
    source = '{% confirm "d" "Freeze?" _("Save") "console:refund" 7 tone="primary" form=reason %}{% endconfirm %}'
    text = render(source, reason=Reason())
    assert 'name="reason"' in text
    assert "data-dialog-open" not in text
    assert 'class="btn btn-primary" type="submit"' in text
    assert "data-dialog-open" in render(source, reason=Reason({}))


FORMS_BY_HAND = 8
"""Forms whose address or attribute depends on a condition, or that htmx sends."""


def test_posting_forms_are_written_by_the_tag() -> None:
    by_hand = {
        name: count for name, path in template_files()
        if not name.startswith("allauth/")
        and (count := len(re.findall(r'<form\b[^>]*\bmethod="post"', COMMENT.sub("", path.read_text()))))
    }  # fmt: skip
    assert sum(by_hand.values()) <= FORMS_BY_HAND, by_hand


def test_no_template_loads_a_built_in_library() -> None:
    """Django's tags for translations, numbers and files, and the market's own, are built in, not loaded in each of 700
    templates."""
    everywhere = {path.rpartition(".")[2] for path in engines["django"].engine.builtins}  # type: ignore[attr-defined]
    loaded = {
        name: repeated for name, path in template_files()
        if (repeated := everywhere & set(" ".join(re.findall(r"\{% load ([\w ]+) %\}", path.read_text())).split()))
    }  # fmt: skip
    assert {"i18n", "static", "forms"} <= everywhere
    assert loaded == {}
