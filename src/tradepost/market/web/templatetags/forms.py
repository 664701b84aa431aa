"""POST forms with a CSRF token, and confirmation dialogs. Available without ``{% load %}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.forms import BaseForm
from django.template import Context
from django.template.defaulttags import CsrfTokenNode
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .ui import icon

register = template.Library()

type Words = str | Promise


@register.simple_block_tag(takes_context=True)
def post(context: Context, content: str, page: str = "", *keys: object, **attributes: object) -> SafeString:
    """``{% post "console:transfer_confirm" intent.pk class="mt-2" %}…{% endpost %}``: a form with its token.

    ``page``: an address, or a URL name with its ``keys``; without it, the form posts to the current page.
    ``attributes``: ``hx_swap`` becomes ``hx-swap``; an attribute that is ``True`` has no value.
    """
    action = {"action": _address(page, *keys)} if page or keys else {}
    token = CsrfTokenNode().render(context)
    return format_html(
        "<form{}>{}{}</form>", _attributes_html({"method": "post"} | action | attributes), token, content
    )


@register.simple_tag
def submit(words: Words, *, icon_name: str = "", css: str = "", about: object = "", **attributes: object) -> SafeString:
    """``{% submit _("Save") icon_name="check" css="btn-primary" %}``: a submit button.

    ``css``: additional classes. ``about``: the object of the act, for screen readers. ``attributes``: see ``post``.
    """
    return _button({"type": "submit"} | attributes, words, icon_name, css, about)


@register.simple_tag
def dialog_button(
    words: Words, dialog: str, *, icon_name: str = "", css: str = "", about: object = "", **attributes: object
) -> SafeString:
    """``{% dialog_button _("Delete") "sc-delete" icon_name="trash" %}``: a button that opens a dialog by its id."""
    return _button({"type": "button", "data_dialog": dialog} | attributes, words, icon_name, css, about)


@register.simple_tag(takes_context=True)
def post_button(
    context: Context,
    words: Words,
    page: str = "",
    *keys: object,
    icon_name: str = "",
    css: str = "",
    about: object = "",
    **attributes: object,
) -> SafeString:
    """``{% post_button _("Retry all") "console:bindings_retry" seller.pk icon_name="refresh" %}``: a form with only a
    button.

    ``attributes``: of the form.
    """
    button = submit(words, icon_name=icon_name, css=css, about=about)
    form: SafeString = post(context, button, page, *keys, **attributes)
    return form


@register.simple_block_tag(takes_context=True)
def confirm(
    context: Context,
    content: str,
    dialog: str,
    title: Words,
    action: Words,
    *page: object,
    tone: str = "danger",
    form: BaseForm | None = None,
    name: str = "",
    value: object = "",
) -> SafeString:
    """``{% confirm "sc-delete" title _("Delete") "seller_center:group_delete" own.pk %}Why…{% endconfirm %}``: a
    confirmation dialog.

    A ``dialog_button`` opens it. ``page``: see ``post``. ``form``: fields to fill in. ``name`` and ``value``: submitted
    with it.
    """
    variables: dict[str, Any] = {
        "id": dialog, "title": title, "text": SafeString(content.strip()), "action": action, "action_url": _address(*page),
        "tone": tone, "form": form, "name": name, "value": value,
    }  # fmt: skip
    assert context.template is not None
    with context.push(**variables):
        html: SafeString = context.template.engine.get_template("web/parts/confirm.html").render(context)
    return html


def _address(page: object = "", *keys: object) -> str:
    name = str(page)
    return name if not keys and (not name or name.startswith("/")) else reverse(name, args=keys)


def _attributes_html(attributes: Mapping[str, object]) -> SafeString:
    return format_html_join(
        "",
        "{}{}",
        (
            (f" {name.replace('_', '-')}", "" if value is True else format_html('="{}"', value))
            for name, value in attributes.items()
        ),
    )


def _button(attributes: Mapping[str, object], words: Words, icon_name: str, css: str, about: object) -> SafeString:
    icon_html = format_html("{} ", icon(icon_name)) if icon_name else ""
    hidden_text = format_html('<span class="visually-hidden"> {}</span>', about) if about else ""
    attributes_html = _attributes_html({"class": f"btn {css}".strip(), **attributes})
    return format_html("<button{}>{}{}{}</button>", attributes_html, icon_html, words, hidden_text)
