"""A browser without scripts: reads a page, fills in one of its forms and submits it with its CSRF token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, override

from django.test import Client

_NOT_SENT = {"submit", "button", "file", "image", "reset"}


@dataclass
class Form:
    """``values``: what is submitted without any input. ``boxes``: the checkboxes, by name."""

    action: str
    identity: str
    values: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, list[str]] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page that are submitted by POST or, without a method, by GET."""

    def __init__(self, page: str, *, at: str) -> None:
        super().__init__()
        self._at, self._open, self._select, self._area = at, "", "", ""
        self.found: dict[str, Form] = {}
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("id") or f"form {len(self.found)}"
            self.found[self._open] = Form(given.get("action") or self._at, self._open)
        form = self.found.get(given.get("form", self._open))
        name = given.get("name", "")
        if form is None or (not name and tag != "option") or "disabled" in given:
            return
        match tag:
            case "input" if given.get("type") in {"checkbox", "radio"}:
                form.boxes.setdefault(name, []).append(given.get("value", "on"))
                if "checked" in given:
                    form.values[name] = given.get("value", "on")
            case "input" if given.get("type") not in _NOT_SENT:
                form.values[name] = given.get("value", "")
            case "select":
                self._select = name
            case "textarea":
                self._area, form.values[name] = name, ""
            case "option" if self._select and (self._select not in form.values or "selected" in given):
                form.values[self._select] = given.get("value", "")

    @override
    def handle_data(self, data: str) -> None:
        if self._area and self._open:
            self.found[self._open].values[self._area] += data

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = ""
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


class Person(Client):
    """A person who reads English by default. CSRF tokens are checked."""

    def __init__(self, language: str = "en") -> None:
        super().__init__(enforce_csrf_checks=True, headers={"accept-language": language})
        self.text, self.at = "", "/"

    @override
    def post(self, *given: Any, **more: Any) -> Any:
        """Post with the CSRF token of the form's page as a header, as scripts do."""
        token = self.cookies.get("csrftoken")
        headers = {"x-csrftoken": token.value} if token else {}
        return super().post(*given, **(more | {"headers": headers | (more.get("headers") or {})}))

    def read(self, path: str) -> str:
        """Open a page and follow its redirects."""
        answer: Any = self.get(path, follow=True)
        assert answer.status_code == 200, (path, answer.status_code)
        self.text = answer.content.decode()
        self.at = answer.redirect_chain[-1][0] if answer.redirect_chain else path
        return self.text

    def action(self, begins: str) -> str:
        """Return the action of the form on the open page that starts with ``begins``."""
        return next(
            form.action for form in Forms(self.text, at=self.at).found.values() if form.action.startswith(begins)
        )

    def send(
        self, action: str, form: Mapping[str, Any] | None = None, *, tick: str = "", status: int = 302, **more: Any
    ) -> str:  # fmt: skip
        """Fill ``form`` and ``more`` into the form of the open page with this action and submit it. ``tick``: prefixes
        of the names of boxes to tick. Read the page it redirects to, and return its address."""
        there = Forms(self.text, at=self.at).found.values()
        forms = [one for one in there if one.action.partition("?")[0] == action]
        assert forms, f"no form of {self.at} leads to {action}: {self.text.partition('<main')[2]}"
        typed = {**(form or {}), **more}
        found = next((one for one in forms if set(typed) & {*one.values, *one.boxes}), forms[0])
        ticked = {name: values for name, values in found.boxes.items() if tick and name.startswith(tick)}
        answer: Any = self.post(found.action, {**found.values, **ticked, **typed})
        self.text = answer.content.decode()
        assert answer.status_code == status, (action, answer.status_code, self.text[-3000:])
        if status != 302:
            return action
        self.read(answer["Location"])
        return str(answer["Location"])
