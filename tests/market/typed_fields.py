"""The forms of a page with the fields that their reader fills in, and the values of the fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import override
from urllib.parse import urljoin, urlsplit

BUTTONS = frozenset({"submit", "button", "image", "reset"})
TEXTS = frozenset(
    {"text", "textarea", "email", "number", "tel", "url", "search", "date", "datetime-local", "month", "time"}
)
"""Fields whose text is shown again. Passwords and files are not, because the next person at this browser must not get
them."""


@dataclass(slots=True)
class Field:
    """``values``: the content of the field; of a choice, the selected options."""

    name: str
    kind: str
    values: list[str]


@dataclass(slots=True)
class TypedForm:
    """A form that is posted. ``button``: name and value of its first button, if every button has a name."""

    target: str
    fields: list[Field] = field(default_factory=list)
    hidden: list[Field] = field(default_factory=list)
    button: tuple[str, str] = ("", "")
    plain: bool = False
    """Whether a button sends the form without its own value."""

    def enter(self, entered: Field) -> None:
        if entered.kind in BUTTONS:
            self.button = self.button if self.button[0] else (entered.name, entered.values[0])
        elif entered.kind == "hidden":
            self.hidden.append(entered)
        else:
            self.fields.append(entered)


class TypedForms(HTMLParser):
    def __init__(self, html: str, path: str) -> None:
        super().__init__()
        self.forms = list[TypedForm]()
        self._path = path
        self._open: TypedForm | None = None
        self._by_id: dict[str, TypedForm] = {}
        self._outside: list[tuple[str, Field]] = []
        self._select: Field | None = None
        self._area: Field | None = None
        self.feed(html)
        for owner, entered in self._outside:  # a field may come before or after the form that it names
            if owner in self._by_id:
                self._by_id[owner].enter(entered)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form" and attributes.get("method", "get").lower() == "post":
            self._open = TypedForm(urlsplit(urljoin(self._path, attributes.get("action", ""))).path)
            self._by_id[attributes.get("id", "")] = self._open
            self.forms.append(self._open)
        elif tag == "option" and self._select and "selected" in attributes:
            self._select.values.append(attributes.get("value", ""))
        elif (
            tag == "button"
            and self._open
            and not attributes.get("name")
            and attributes.get("type", "submit") == "submit"
        ):
            self._open.plain = True
        elif (
            tag in {"input", "select", "textarea", "button"} and attributes.get("name") and "disabled" not in attributes
        ):
            self._begin(tag, attributes)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("type", {"input": "text", "button": "submit"}.get(tag, tag)).lower()
        ticked = kind not in {"checkbox", "radio"} or "checked" in attributes
        entered = Field(attributes["name"], kind, [attributes.get("value", "")] if ticked and tag != "select" else [])
        if tag == "select":
            self._select = entered
        elif tag == "textarea":
            self._area = entered
        if owner := attributes.get("form"):
            self._outside.append((owner, entered))
        elif self._open:
            self._open.enter(entered)

    @override
    def handle_data(self, data: str) -> None:
        if self._area:
            self._area.values[0] += data

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def texts_of(self, name: str) -> list[str]:
        """Return the content of the text fields with this name, of all forms."""
        fields = [entered for form in self.forms for entered in form.fields]
        return [
            value.strip() for field in fields if field.name == name and field.kind in TEXTS for value in field.values
        ]  # fmt: skip
