"""Tags shared by the pages of one object: the heading with the way back, and lines of facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils.translation import override

from tradepost.market.base.money import Money
from tradepost.market.identity.models import User

BASE = "<title>{% block title %}{% endblock %}</title>{% block page_header %}{% endblock %}"


def render(source: str, **context: Any) -> str:
    engine = engines["django"]
    base = engine.from_string(BASE).template  # type: ignore[attr-defined]  # provided by Django's engine
    with override("en"):
        text = engine.from_string(source).render({"base": base, **context})
    return " ".join(text.split())


def page(header: str, **context: Any) -> str:
    blocks = f"{{% block title %}}Refund {{{{ n }}}}{{% endblock %}}{{% block page_header %}}{header}{{% endblock %}}"
    return render(f"{{% extends base %}}{blocks}", **context)


def test_heading_is_the_title_of_its_page() -> None:
    text = page("{% heading %}", n="<3")
    assert text == '<title>Refund &lt;3</title><div class="tp-header"><h1>Refund &lt;3</h1></div>'


def test_heading_shows_back_link_sentence_and_state() -> None:
    text = page(
        '{% heading "console:refunds" _("Refunds") title=n intro=m lifecycle="refund" state="refunded" %}',
        n="<3",
        m="<4",
    )
    header = text.partition("</title>")[2]
    assert '<a href="/console/refunds/">Refunds</a>' in header
    assert "<h1>&lt;3 <span" in header
    assert 'class="tp-badge tp-ok"' in header
    assert header.endswith('</h1><p class="tp-muted">&lt;4</p></div></div>')


def test_heading_accepts_an_address() -> None:
    assert '<a href="/console/refunds/7/">Refund</a>' in page(
        '{% heading back _("Refund") %}', back="/console/refunds/7/"
    )


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("value", "<dd>&lt;b&gt;</dd>"),
        ('value css="tp-id"', '<dd class="tp-id">&lt;b&gt;</dd>'),
        ('value page="console:refund" key=7', '<dd><a href="/console/refunds/7/">&lt;b&gt;</a></dd>'),
        ('value page="console:refund" key=7 css="tp-id"', '<dd><a class="tp-id" href="/console/refunds/7/">&lt;b&gt;</a></dd>'),
        ('value page="console:refund" key=nothing', "<dd>&lt;b&gt;</dd>"),
        ("zero", "<dd>0</dd>"),
        ("amount", "<dd>¥ 12.00</dd>"),
    ],
)  # fmt: skip
def test_fact_shows_its_value(arguments: str, shown: str) -> None:
    text = render(f'{{% fact "Label" {arguments} %}}', value="<b>", nothing=None, zero=0, amount=Money(1200, "CNY"))
    assert text == f"<dt>Label</dt>{shown}"


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("more", ["", 'lifecycle="refund"', "copy=True", 'page="console:refund" key=7'])
def test_fact_without_a_value_is_left_out(value: str | None, more: str) -> None:
    assert render(f'{{% fact "Label" value {more} %}}', value=value) == ""


def test_fact_shows_a_state_a_moment_and_what_can_be_copied() -> None:
    text = render(
        '{% fact "State" s lifecycle="refund" %}{% fact "At" at %}{% fact "Number" number copy=True %}',
        s="refunded", at=datetime(2026, 3, 2, tzinfo=UTC), number="<1>",
    )  # fmt: skip
    assert 'class="tp-badge tp-ok"' in text
    assert '<time datetime="2026-03-02T00:00:00+00:00"' in text
    assert 'data-copy="&lt;1&gt;"' in text


def test_header_has_its_buttons_beside_the_heading() -> None:
    header = page('{% header "console:refunds" _("Refunds") %}<a href="/x">{{ n }}</a>{% endheader %}', n="<3")
    assert header.endswith('<div class="tp-header"><h1>Refund &lt;3</h1><a href="/x">&lt;3</a></div>')


def test_back_link_leads_to_the_page_of_an_object() -> None:
    assert '<a href="/console/refunds/7/">Refund</a>' in page('{% heading "console:refund"|at:pk _("Refund") %}', pk=7)


def test_card_of_facts_and_panel_contain_their_content() -> None:
    assert render('{% facts _("Refund") %}{% fact "A" 1 %}{% endfacts %}') == (
        '<section class="card"><div class="card-body"><h2 class="card-title">Refund</h2>'
        '<dl class="tp-facts"><dt>A</dt><dd>1</dd></dl></div></section>'
    )
    assert render('{% panel _("Refund") css="mt-3" id="back" %}<p>{{ n }}</p>{% endpanel %}', n="<3") == (
        '<section class="card mt-3" aria-labelledby="back"><div class="card-header">'
        '<h2 class="card-title" id="back">Refund</h2></div><p>&lt;3</p></section>'
    )
    assert render('{% card _("Refund") css="mt-3" id="back" %}<p>{{ n }}</p>{% endcard %}', n="<3") == (
        '<section class="card mt-3" aria-labelledby="back"><div class="card-body">'
        '<h2 class="card-title" id="back">Refund</h2><p>&lt;3</p></div></section>'
    )


@pytest.mark.parametrize(
    ("path", "options", "marked"),
    [
        ("/seller/usage/", "", ' btn-primary" href="/seller/usage/" aria-current="page"'),
        ("/seller/usage/refused/", "", '" href="/seller/usage/"'),
        ("/seller/usage/refused/", " below=True", ' btn-primary" href="/seller/usage/" aria-current="true"'),
        ("/seller/orders/", " below=True", '" href="/seller/usage/"'),
    ],
)
def test_tab_is_marked_on_its_page(path: str, options: str, marked: str) -> None:
    text = render(f'{{% tab words "seller_center:usage"{options} %}}', request=RequestFactory().get(path), words="<b>")
    assert text == f'<a class="btn btn-sm{marked}>&lt;b&gt;</a>'


def test_navigation_entry_may_belong_to_an_object() -> None:
    source = '{% nav_item "auth_centre:access" "key" "Access" key="e1" exact=True %}'
    assert '<a href="/t/e1/access/" aria-current="page">' in render(
        source, request=RequestFactory().get("/t/e1/access/")
    )
    assert '<a href="/t/e1/access/" >' in render(source, request=RequestFactory().get("/t/e1/"))


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/console/ledger/", 'aria-current="page"'),
        ("/console/ledger/debts/", 'aria-current="true"'),
        ("/console/ledger/corrections/", ""),
    ],
)
def test_page_with_its_own_entry_marks_no_other(path: str, marked: str) -> None:
    source = '{% nav_item "console:ledger" "coin" "Books" apart="console:corrections" %}'
    request = RequestFactory().get(path)
    request.user = User(operator_role="owner")
    assert f'<a href="/console/ledger/" {marked}>' in render(source, request=request)
