"""A page as a browser reads it: its links, and the forms that it sends with all their fields.

Within ``origins_shown``, each form names its place in the source of a template, so that a test can list forms that no
page showed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, override

from django.template import Template, engines

MARKET = Path(__file__).resolve().parents[2] / "src" / "tradepost" / "market"
SENDING = re.compile(
    r"""<form\b(?=[^>]*\bmethod="(?!get"))|\bhx-(?:post|put|patch|delete)=|\{% post(?:_button)?\b.*?(?= %\})""",
    re.IGNORECASE,
)
"""A form that is posted, or an htmx element that posts, in the source of a template."""
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
_NOT_SENT = {"submit", "button", "image", "reset", "file"}
_SWITCHED_OFF = "tp-off"
_VERBS = ("post", "put", "patch", "delete")


@dataclass(slots=True)
class Form:
    """``values``: the fields as the page filled them in. ``actions``: the address of the form and those of its buttons."""

    source: str
    method: str
    actions: list[str]
    values: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    button: tuple[str, str] = ("", "")
    """The first button that sends a value."""
    around: Form | None = None
    """The form that contains an htmx element."""
    only: frozenset[str] = frozenset()
    """Names that htmx sends; empty for all."""
    never: frozenset[str] = frozenset()
    """Names that htmx omits."""
    off: bool = False
    """Whether the page disabled it: for an object of the reader's own, or beyond the reader's role."""

    def sent(self) -> list[tuple[str, str]]:
        values = [
            *(self.around.values if self.around else ()),
            *self.values,
            *([self.button] if self.button[0] else ()),
        ]
        return [
            (name, value) for name, value in values if name not in self.never and (not self.only or name in self.only)
        ]


class Page(HTMLParser):
    """The links, GET forms and sending forms of a page."""

    def __init__(self, html: str, *, path: str = "") -> None:
        super().__init__()
        self.path, self.links, self.forms = path, list[str](), list[Form]()
        self._open: Form | None = None
        self._named: dict[str, Form] = {}
        self._outside: list[tuple[str, str, dict[str, str]]] = []
        self._select, self._area = "", False
        self._headers: dict[str, str] = {}
        self._off: list[bool] = []
        self.feed(html)
        for owner, tag, attributes in self._outside:  # a field may come before or after the form that it names
            if owner in self._named:
                self._take(self._named[owner], tag, attributes)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        loads = ["hx-get"] if not any(self._off) else []
        self.links += [attributes[name] for name in (*loads, *(["href"] if tag == "a" else [])) if name in attributes]
        self._headers |= json.loads(attributes.get("hx-headers", "{}"))
        if tag == "fieldset":
            self._off.append("disabled" in attributes)
            if self._open and self._off[-1] and attributes.get("class") == _SWITCHED_OFF:
                self._open.off = True
        if tag == "form":
            assert self._open is None, f"{self.path}: a form inside a form, which browsers drop"
            method = attributes.get("method", "get").lower()
            self._open = self._named[attributes.get("id", "")] = Form(
                attributes.get("data-from", ""), method, [attributes.get("action", "")], off=any(self._off)
            )
            self.forms.append(self._open)
        elif owner := attributes.get("form"):
            self._outside.append((owner, tag, attributes))
        elif self._open:
            self._take(self._open, tag, attributes)
        for verb in _VERBS:
            if f"hx-{verb}" in attributes:
                self._add_htmx(verb, attributes)

    def _add_htmx(self, verb: str, attributes: dict[str, str]) -> None:
        """htmx sends the fields of the enclosing form, its own values, and inherited headers."""
        form = Form(attributes.get("data-from-hx", ""), verb, [attributes[f"hx-{verb}"]], headers=self._headers)
        form.around, form.off = self._open, any(self._off)
        form.values = [(name, str(value)) for name, value in json.loads(attributes.get("hx-vals") or "{}").items()]
        if (names := attributes.get("hx-params", "*")) != "*":
            named = frozenset(name.strip() for name in names.removeprefix("not ").split(","))
            form.only, form.never = (frozenset(), named) if names.startswith("not ") else (named, frozenset())
        self.forms.append(form)

    def _take(self, form: Form, tag: str, attributes: dict[str, str]) -> None:
        name, kind = attributes.get("name", ""), attributes.get("type", "text").lower()
        if "formaction" in attributes:
            form.actions.append(attributes["formaction"])
        if "disabled" in attributes:
            form.off = form.off or kind == "submit"
            return
        if tag == "option" and self._select:
            shown = [value for value in form.values if value[0] == self._select]
            if "selected" in attributes or not shown:
                form.values[:] = [value for value in form.values if value[0] != self._select]
                form.values.append((self._select, attributes.get("value", "")))
        elif name and not form.button[0] and (kind == "submit" or (tag == "button" and "type" not in attributes)):
            form.button = (name, attributes.get("value", ""))
        elif tag == "select":
            self._select = name
        elif tag == "textarea" and name:
            self._area = True
            form.values.append((name, ""))
        elif (
            tag == "input"
            and name
            and kind not in _NOT_SENT
            and (kind not in {"checkbox", "radio"} or "checked" in attributes)
        ):
            form.values.append((name, attributes.get("value", "on")))

    @override
    def handle_data(self, data: str) -> None:
        if self._area and self._open:
            name, before = self._open.values[-1]
            self._open.values[-1] = (name, before + data)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "fieldset" and self._off:
            self._off.pop()
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = False


def template_files() -> Iterator[tuple[str, Path]]:
    """Return every template of the market by the name under which it is included."""
    for path in sorted(MARKET.rglob("templates/**/*.html")):
        yield str(path).rpartition("/templates/")[2], path


def sending_places() -> set[str]:
    """Return every place in a template that sends a form, named as ``Form.source`` names it."""
    return {
        f"{name}#{number}"
        for name, path in template_files()
        for number, _ in enumerate(SENDING.finditer(_uncommented(path.read_text())))
    }


def _uncommented(source: str) -> str:
    return COMMENT.sub("", source)


@contextmanager
def origins_shown() -> Iterator[None]:
    """Have every rendered form name its place."""
    begin = Template.__init__

    def init_template(self: Template, source: Any, origin: Any = None, name: Any = None, engine: Any = None) -> None:
        numbers = iter(range(1000))

        def marked(found: re.Match[str]) -> str:
            place = f"{name}#{next(numbers)}"
            if found[0].startswith("{"):
                return f'{found[0]} data_from="{place}"'
            if found[0].startswith("<"):
                return f'<form data-from="{place}"'
            return f'data-from-hx="{place}" {found[0]}'

        begin(self, SENDING.sub(marked, _uncommented(str(source))), origin, name, engine)

    Template.__init__ = init_template  # type: ignore[method-assign,assignment]
    _forget_templates()
    try:
        yield
    finally:
        Template.__init__ = begin  # type: ignore[method-assign]
        _forget_templates()


def _forget_templates() -> None:
    for loader in engines["django"].engine.template_loaders:  # type: ignore[attr-defined]
        loader.reset()
