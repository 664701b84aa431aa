"""Raise refusals at each place that catches them, through the forms that lead there (``test_refusals``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from types import CodeType
from typing import Any, override

from django.conf import settings
from django.core.cache import cache as counts
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve
from django.utils import translation

from tests.factories.people import PASSWORD
from tests.factories.pictures import PDF
from tests.factories.signing_in import make_member_with_password
from tests.market import every_address as table
from tests.market.auth_centre_addresses import NEW, OF
from tests.market.every_address import ADDRESSES, ANYBODY, STRANGER, Address
from tests.market.refusing import BASES, MARKET, Catch, Refusal
from tests.market.who_may import MEMBER
from tests.market.world import World
from tests.market.written import WrittenTables, rows
from tradepost.market.applications.sign_in_models import SignInEntry
from tradepost.market.audit.models import Entry
from tradepost.market.base import clock
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.organisations import own_address
from tradepost.market.organisations.models import Member
from tradepost.market.review.models import Submission

ABSENT = Refusal("test.absent", "a_field_that_no_form_has", "This purchase is not possible.")
LANGUAGES = {"en": "en", "zh": "zh-hans"}
GROUPS = ("seller/", "console/", "")
MORE: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {
    "seller/pictures/": ((table.OWNER, {"field": "logo", "purpose": "company_logo", "logo_file": "FILE"}),),
    "seller/proofs/": (
        (table.OWNER, {"field": "proof", "kind": "SAAS", "proof": "software_copyright", "proof_file": "FILE"}),
    ),
    "seller/company/draft/<slug:kind>/": (
        (table.OWNER, {"act": "submit", "revision": "0", "reason": "tired", "reason_en": "tired"}),
        (table.OWNER, {"act": "begin"}),
    ),
    "t/<str:code>/manage/": ((MEMBER, {"state": "0" * 64}),),
    "t/<str:code>/password/": ((MEMBER, {"old_password": PASSWORD, **NEW}),),
    "t/<str:code>/password/address/": ((MEMBER, {"email": "a@b.example", "password": PASSWORD}),),
    "t/<str:code>/sign-in/password/": ((MEMBER, NEW),),
    "t/<str:code>/sign-in/reset/<str:token>/": ((MEMBER, NEW),),
}
"""Forms that are filled in further than in ``every_address``."""
ROWS = {
    **ADDRESSES,
    "t/<str:code>/sign-in/reset/<str:token>/": Address(OF | {"token": "{reset_token}"}, post=ANYBODY),
}
"""The reset link of ``every_address`` belongs to no member."""
CHANGED_TABLES = {
    "sites/seller_center/drafting.py:_submit_draft:Incomplete+Refused": {Submission._meta.label},
    "auth_centre/sign_in_page.py:sign_in_page:Refused": {SignInEntry._meta.label},
}
"""Tables that change despite the refusal: a submitted draft is saved first, so that no input is lost, and the sign-in
log records failures."""


def admit_members(world: World) -> None:
    """Sign in to the auth centre of X's enterprise in one browser: an administrator is signed in and has requested a
    reset; the sign-in of another member waits for a new password.
    """
    admin = Member.objects.select_related("enterprise").get(
        enterprise__code=world.facts["enterprise"], user=world.users[table.BUYER]
    )
    member, fresh = (make_member_with_password(admin, name) for name in ("signed-in", "fresh"))
    Member.objects.filter(pk=member.pk).update(role=Member.Role.ADMIN)
    Member.objects.filter(pk=fresh.pk).update(password_temporary=True)
    browser, wall = Client(), clock.wall()
    for account in (member, fresh):
        form = {"name": account.user_name, "password": PASSWORD}
        assert browser.post(f"/t/{admin.enterprise.code}/sign-in/", form).status_code == 302
    proposed = own_address.propose_address(member, "own@home.example", PASSWORD, wall=wall)
    own_address.confirm(member, proposed.token, now=clock.now(), wall=wall)
    mail = own_address.request_reset(admin.enterprise, member, network="", wall=wall)
    assert mail is not None
    world.facts = {**world.facts, "reset_token": mail.token}
    world.sessions[MEMBER] = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    world.before = world.after = rows()


class VisibleText(HTMLParser):
    """The text of a page that its reader sees without opening anything."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self._hidden, self._open = "", 0, list[tuple[str, bool]]()
        self.feed(html)

    VOID = frozenset({"input", "br", "hr", "img", "meta", "link", "source", "use", "path", "circle", "wbr", "col"})

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        hides = tag in {"template", "script", "style"} or "hidden" in attributes
        hides = hides or (tag == "details" and "open" not in attributes)
        hides = hides or (tag == "dialog" and not {"open", "data-dialog-open"} & set(attributes))
        if tag not in self.VOID:
            self._open.append((tag, hides))
            self._hidden += hides

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in (name for name, _ in self._open):
            while self._open:
                name, hides = self._open.pop()
                self._hidden -= hides
                if name == tag:
                    return

    @override
    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += data


class Refuser:
    """Raises each remaining refusal once, one per request, where a place catches it."""

    TOOL = 4

    def __init__(self, todo: Mapping[Catch, list[Refusal]]) -> None:
        self.todo = {catch: list(refusals) for catch, refusals in todo.items()}
        self.armed, self.language = False, "en"
        self.raised: tuple[Catch, Refusal, str] | None = None
        self._lines = {
            (str(MARKET / catch.file), line): catch
            for catch in todo
            for line in range(catch.lines[0], catch.lines[1] + 1)
        }
        self._files = {file for file, _ in self._lines}

    @contextmanager
    def watching(self) -> Iterator[None]:
        monitoring = sys.monitoring
        events = monitoring.events
        monitoring.use_tool_id(self.TOOL, "refuser")
        monitoring.register_callback(self.TOOL, events.PY_START, self._started)
        monitoring.register_callback(self.TOOL, events.LINE, self._line)
        monitoring.set_events(self.TOOL, events.PY_START)
        monitoring.restart_events()
        try:
            yield
        finally:
            monitoring.set_events(self.TOOL, 0)
            monitoring.register_callback(self.TOOL, events.PY_START, None)
            monitoring.register_callback(self.TOOL, events.LINE, None)
            monitoring.free_tool_id(self.TOOL)

    def _started(self, code: CodeType, _offset: int) -> Any:
        if code.co_filename in self._files:
            sys.monitoring.set_local_events(self.TOOL, code, sys.monitoring.events.LINE)
        return sys.monitoring.DISABLE

    def _line(self, code: CodeType, line: int) -> Any:
        catch = self._lines.get((code.co_filename, line))
        if catch is not None and catch.verb not in {"", code.co_name}:
            catch = None
        if catch is None:
            return sys.monitoring.DISABLE
        if not self.armed or not self.todo[catch]:
            return None
        refusal = self.todo[catch].pop(0)
        with translation.override(LANGUAGES[self.language]):
            words = translation.gettext(refusal.words) if refusal.words else f"The words of {refusal.code}."
        self.armed, self.raised = False, (catch, refusal, words)
        if "Refused" not in catch.classes:
            raise IllegalTransition("order", "paid", "pay")
        raise Refused(refusal.code, words, field=refusal.field.replace("*", ABSENT.field))


def group_of(pattern: str) -> str:
    return next(prefix for prefix in GROUPS if pattern.startswith(prefix))


def of_group(catch: Catch, group: str) -> bool:
    if catch.file == "web/middleware.py" or not catch.classes & BASES:
        return False  # the page of a refusal itself; special classes, beside which the same place catches all others
    return catch.file.startswith(
        {"seller/": "sites/seller_center", "console/": "sites/console"}.get(
            group, ("sites/storefront", "web", "auth_centre")
        )
    )


def requests_of(group: str) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield role, method, pattern and form: first forms to submit, then pages to read."""
    if not group:
        yield (
            table.BUYER,
            "GET",
            "checkout/<int:product_id>/",
            {},
        )  # the price is calculated again when the form is sent
    for pattern, row in ADDRESSES.items():
        if group_of(pattern) == group and not row.gateway:
            for role, data in MORE.get(pattern, ()):
                yield role, "POST" if ROWS[pattern].post else "GET", pattern, data
            if role := _one_of(row.post):
                yield role, "POST", pattern, row.data
    for pattern, row in ADDRESSES.items():
        if group_of(pattern) == group and not row.gateway and (role := _one_of(row.get)):
            yield role, "GET", pattern, {}


def _one_of(roles: frozenset[str]) -> str:
    return next((role for role in table.ROLES if role in roles and role != STRANGER), STRANGER if roles else "")


def _show(world: World, refuser: Refuser, request: tuple[str, str, str, Mapping[str, Any]]) -> str:
    """Send the form. Return a problem; empty if the refusal is visible and nothing changed, or if none was raised."""
    role, method, pattern, data = request
    client = Client(headers={"accept-language": LANGUAGES[refuser.language]})
    if role == MEMBER:
        client.cookies.load(world.sessions[role])
    elif role != STRANGER:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]
    path = world.path(pattern, ROWS[pattern])
    form = {name: filled_in(value, world) for name, value in data.items()}
    counts.clear()
    if refuser.raised is not None:
        sys.monitoring.restart_events()  # otherwise a line that raised may not be reported again
    refuser.raised, refuser.armed = None, True
    with transaction.atomic():
        wrote = WrittenTables()
        with connection.execute_wrapper(wrote):
            answer: Any = client.get(path, form) if method == "GET" else client.post(path, form)
        refuser.armed = False
        after = rows(wrote.tables)
        if refuser.raised and answer.status_code == 302:
            answer = client.get(answer["Location"], follow=True)
        transaction.set_rollback(True)
    if refuser.raised is None:
        return ""
    catch, refusal, words = refuser.raised
    text = answer.content.decode()
    visible = VisibleText(text).text if answer["Content-Type"].startswith("text/html") else text
    subject = (
        f"{method} /{pattern} as {role}: {catch} got {refusal.code} about {refusal.field!r} ({answer.status_code})"
    )
    if "Refused" in catch.classes and " ".join(words.split()) not in " ".join(visible.split()):
        return f"{subject}, and the page does not say {words!r}"
    if "Refused" not in catch.classes and not any(note in text for note in ('role="alert"', 'role="status"')):
        return f"{subject}, and the page says nothing"
    allowed = {Entry._meta.label, *CHANGED_TABLES.get(str(catch), ())}
    changed = {label for label, rows_after in after.items() if rows_after != world.before[label]} - allowed
    return f"{subject}, and {changed} changed" if changed else ""


def filled_in(value: str, world: World) -> Any:
    return SimpleUploadedFile("a.pdf", PDF) if value == "FILE" else value.format_map(world.facts)


def problems_and_unreached(
    world: World, group: str, todo: Mapping[Catch, list[Refusal]], language: str
) -> tuple[list[str], list[str]]:
    """Return the problems, and the places that no form reached."""
    refuser, problems = Refuser(todo), list[str]()
    refuser.language = language
    with refuser.watching():
        for request in requests_of(group):
            if request[1] == "GET" and not _has_more(refuser, world.path(request[2], ROWS[request[2]])):
                continue
            while True:
                problems += [problem] if (problem := _show(world, refuser, request)) else []
                if refuser.raised is None:
                    break
    return problems, [str(catch) for catch, refusals in refuser.todo.items() if refusals]


def _has_more(refuser: Refuser, path: str) -> bool:
    module = resolve(path).func.__module__.removeprefix("tradepost.market.").replace(".", "/")
    return any(refusals and catch.file.startswith((module, "web/")) for catch, refusals in refuser.todo.items())
