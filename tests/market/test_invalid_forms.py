"""Each form sent with nothing, empty, with nonsense or with endless texts is either accepted, or shown again with 422.

House rules, *Page kit*: "An invalid form answers 422 everywhere". The input stays in the form, and a refusal changes
nothing. The fields of a form are read from the pages that show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache as counts
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, resolve

from tests.market import every_address as table
from tests.market.every_address import ADDRESSES, STRANGER, Address
from tests.market.larger_world import LargerWorld
from tests.market.typed_fields import TEXTS, TypedForm, TypedForms
from tests.market.world import shared_world
from tests.market.written import WrittenTables, rows
from tradepost.market.applications.sign_in_models import SignInEntry
from tradepost.market.audit.models import Entry
from tradepost.market.base.errors import Refused
from tradepost.market.web.refusals import CORRECTABLE

pytestmark = [pytest.mark.django_db]

FILLINGS = {
    "nothing": None,
    "empty": "",
    "nonsense": '不是 <b>nonsense</b> & "quotes"',
    "endless": "endless " * 4_000,
}
GROUPS = ("seller/", "console/", "account/", "t/", "enterprise/", "")
ONCE = "the answer is the only page that shows the secret"
SAME = "the answer is the same whether there is such an account or not"
UNCHANGED = "nothing is required, and what is saved equals what was there"
ACCEPTED: Mapping[str, tuple[set[int], str]] = {
    "seller/keys/signing/<str:interface_class>/": ({200, 302}, ONCE),  # redirects back if the class has a key
    "enterprise/<slug:code>/settings/directory/": ({200}, ONCE),
    "services/<int:pk>/keys/": ({200}, ONCE),
    "enterprise/<slug:code>/applications/<int:pk>/fields/": ({200}, "the difference is shown for confirmation"),
    "t/<str:code>/sign-in/forgot/": ({200}, SAME),
    "account/password/reset/": ({302}, SAME),
    "i18n/setlang/": ({302}, "Django's own view, which leaves the language as it was"),
    "seller/company/draft/<slug:kind>/": ({302}, UNCHANGED),
    "seller/try/<int:pk>/": ({302}, "a tool of the sandbox: a list whose every row has a form"),
    "account/email/": ({302}, "allauth leads back where no address is chosen; its text field: web/test_form_acts.py"),
    "seller/road/retrofit/": ({302}, UNCHANGED),
}
"""Responses that are no refusal although nothing changed, or no redirect although something changed."""
CHANGED_TABLES = {"t/<str:code>/sign-in/": {SignInEntry._meta.label}}
"""Tables that a refusal changes: the sign-in log records failures."""
NEVER_SHOWN = {"seller/keys/signing/<str:interface_class>/": {"secret"}}
"""Texts that no page shows again, like passwords."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[LargerWorld]:
    del django_db_setup
    with shared_world(django_db_blocker, LargerWorld) as larger_world:
        assert isinstance(larger_world, LargerWorld)
        larger_world.before = rows()
        yield larger_world


def group_of(pattern: str) -> str:
    return next(prefix for prefix in GROUPS if pattern.startswith(prefix))


class Sender:
    """The forms of a group of addresses, as the pages show them to each role."""

    def __init__(self, world: LargerWorld, group: str) -> None:
        self.world, self.group = world, group
        self._forms: dict[str, dict[str, list[TypedForm]]] = {}
        self.posts = 0

    def client(self, role: str) -> Client:
        client = Client(headers={"accept-language": "en"})
        if role != STRANGER:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.world.sessions[role]
        counts.clear()
        return client

    def forms(self, role: str, pattern: str) -> list[TypedForm]:
        if role not in self._forms:
            forms_by_route: dict[str, list[TypedForm]] = {}
            self._forms[role] = forms_by_route
            for form in filter(_is_filled_in, self._shown(role)):
                known_forms = forms_by_route.setdefault(_route(form.target), [])
                if all((_names(form), form.button) != (_names(other), other.button) for other in known_forms):
                    known_forms.append(form)
        return self._forms[role].get(pattern, [])

    def _shown(self, role: str) -> Iterator[TypedForm]:
        paths = [
            self.world.path(pattern, row)
            for pattern, row in ADDRESSES.items()
            if role in row.get and not row.gateway and group_of(pattern) == self.group
        ]
        paths += [path for path in self.world.shown if group_of(path[1:]) == self.group and path not in paths]
        for path in paths:
            with transaction.atomic():
                answer: Any = self.client(role).get(path)
                transaction.set_rollback(True)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                yield from TypedForms(answer.content.decode(), path).forms

    def wrong(self) -> Iterator[str]:
        for pattern, row in ADDRESSES.items():
            if row.post and not row.gateway and group_of(pattern) == self.group and "oauth2" not in pattern:
                role = _role(pattern, row)
                for form in self.forms(role, pattern):
                    for filling in FILLINGS:
                        if filling == "nothing" and form.button[0] and not form.plain:
                            continue  # such a button sends the act itself
                        if problem := self._send(pattern, role, form, filling):
                            yield f"{problem}: {filling} to {pattern} as {role}, {sorted(_names(form))}"

    def _send(self, pattern: str, role: str, form: TypedForm, filling: str) -> str:
        data = _filled(form, FILLINGS[filling])
        with transaction.atomic():
            wrote = WrittenTables()
            with connection.execute_wrapper(wrote):
                answer: Any = self.client(role).post(form.target, data)
            after = rows(wrote.tables)
            transaction.set_rollback(True)
        self.posts += 1
        changed = {label for label, rows_after in after.items() if rows_after != self.world.before[label]} - {
            Entry._meta.label
        }
        return _problem(pattern, form, data, answer, changed)


def _route(path: str) -> str:
    try:
        return resolve(path).route
    except Resolver404:
        return ""


def _is_filled_in(form: TypedForm) -> bool:
    return bool(form.fields)


def _names(form: TypedForm) -> set[str]:
    return {field.name for field in form.fields}


def _role(pattern: str, row: Address) -> str:
    """A signed-in user is redirected from the sign-in forms, so a stranger sends those."""
    if pattern.startswith(("account/", "t/")) and STRANGER in row.post:
        return STRANGER
    return next((role for role in table.ROLES if role in row.post and role != STRANGER), STRANGER)


def _filled(form: TypedForm, text: str | None) -> dict[str, list[str]]:
    """Omit checkboxes and files; ``None`` sends nothing at all."""
    if text is None:
        return {}
    data: dict[str, list[str]] = {}
    for field in form.hidden:
        data.setdefault(field.name, []).extend(field.values)
    for field in form.fields:
        if field.kind not in {"checkbox", "file"}:
            data[field.name] = [text if field.kind in TEXTS else text[:100]]
    if form.button[0] and not form.plain:
        data[form.button[0]] = [form.button[1]]
    data.pop("csrfmiddlewaretoken", None)
    return data


def _problem(
    pattern: str, form: TypedForm, data: Mapping[str, list[str]], answer: Any, changed: set[str]
) -> str:  # fmt: skip
    status = answer.status_code
    if (status == 302 and changed) or status in ACCEPTED.get(pattern, (set(), ""))[0]:
        return ""
    if status != 422:
        return f"answers {status}" + (f" and leads to {answer['Location']}" if status == 302 else "")
    if changed := changed - CHANGED_TABLES.get(pattern, set()):
        return f"is refused, and {changed} changed"
    page = TypedForms(answer.content.decode(), form.target)
    lost = [
        field.name
        for field in form.fields
        if field.kind in TEXTS and not field.name.startswith("find-") and field.name in data
        and data[field.name][0]
        and field.name not in NEVER_SHOWN.get(pattern, ())
        and data[field.name][0].strip() not in (page.texts_of(field.name) or [""])
    ]  # fmt: skip
    return f"is refused, and loses what was typed in {lost}" if lost else ""


@pytest.mark.parametrize(
    "group",
    [group if group == "enterprise/" else pytest.param(group, marks=pytest.mark.slow) for group in GROUPS],
    ids=("seller_center", "console", "account", "auth_centre", "enterprise", "storefront"),
)
def test_invalid_form_answers_422_with_its_input(world: LargerWorld, group: str) -> None:
    sender = Sender(world, group)
    wrong = list(sender.wrong())
    print(f"{group}: {sender.posts} posts")  # noqa: T201  # the number
    assert sender.posts >= 8
    assert not wrong, "\n".join(["", *wrong])


def test_each_exception_is_an_address() -> None:
    assert {*ACCEPTED, *CHANGED_TABLES, *NEVER_SHOWN} <= set(ADDRESSES)


def test_refusal_with_a_specific_status_keeps_it() -> None:
    """403, 404, 413 and 429 mean that the form cannot be corrected."""
    assert {200, 400, 409} == CORRECTABLE
    assert Refused("some.reason", "No.").status in CORRECTABLE
