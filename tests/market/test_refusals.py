"""Every refusal is shown (business-rules §0: nothing is refused without a reason): each place of the sites that catches refusals is
made to catch each of those that reach it, by its real form, and the words must be visible in the answer.

A refusal is raised at the first line of the ``try``, as if the first verb refused; ``refusing`` says which ones can reach it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from types import CodeType
from typing import Any, override

import pytest
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
from tests.market.refusing import BASES, MARKET, Catch, Refusal, catches, refusals
from tests.market.who_may import MEMBER
from tests.market.world import World, standing
from tests.market.written import Wrote, rows
from tradepost.market.audit.models import Entry
from tradepost.market.base import clock
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.organisations import own_address
from tradepost.market.organisations.models import Member
from tradepost.market.review.models import Submission

pytestmark = [pytest.mark.django_db]

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
"""The reset link of ``every_address`` is nobody's."""
NOT_HERE = {
    "sites/storefront/invoice_apply.py:apply:Refused": "needs orders that wait for an invoice: journeys/test_an_invoice.py",
    "sites/storefront/complaints.py:new:Refused": "names what it is about in its address: browser/desk_pages.py",
    "web/start_gate.py:_passes:Refused": "before any page is served, which is answered with 503: test_start_checks.py",
    "web/auditing.py:recorded:Refused": "raises again after it wrote the act into the audit log",
    "sites/storefront/change.py:_priced:Refused": "needs a service with an upgrade rule: test_change.py",
    "sites/seller_center/applications.py:new:Refused": "needs a debugged joint address: test_applications.py",
    "sites/seller_center/draft.py:_pictures:Refused": "files of a draft, shown beside their fields: test_draft.py",
    "sites/seller_center/drafting.py:_files:Refused": "raises again for the catch around it",
    "sites/seller_center/moving.py:move:Incomplete+Refused": "needs a published application: test_applications.py",
    "sites/seller_center/rules.py:add:Refused": "needs a debugged upgrade case: test_sale_pages.py",
    "sites/seller_center/uploads.py:answered:Refused": "the tus protocol, read by a program: assets/test_uploads.py",
    "sites/console/accounts.py:top_up:IllegalTransition+Refused": "asks for a confirmation first: test_top_up.py",
    "web/second_step.py:answered:Refused": "needs a sign-in that waits for its code: test_second_step.py",
    "web/second_step_pages.py:turn_on:Refused": "needs the password of the session: test_second_step.py",
    "web/second_step_pages.py:_change:Refused": "needs the password of the session: test_second_step.py",
}
"""Places that the small market does not lead to, and which test shows a refusal there."""
KEPT = {"sites/seller_center/drafting.py:_send:Incomplete+Refused": {Submission._meta.label}}
"""Tables that change although the act is refused: a draft that is sent is saved first, so that nothing typed is lost."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with standing(django_db_blocker) as made:
        _admit_members(made)
        yield made


def _admit_members(world: World) -> None:
    """One browser at the auth centre of X's enterprise: an administrator is signed in, who also asked for a reset, and the sign-in of
    somebody else waits for a password of their own."""
    admin = Member.objects.select_related("enterprise").get(
        enterprise__code=world.facts["enterprise"], user=world.users[table.BUYER]
    )
    member, fresh = (make_member_with_password(admin, name) for name in ("signed-in", "fresh"))
    Member.objects.filter(pk=member.pk).update(role=Member.Role.ADMIN)
    Member.objects.filter(pk=fresh.pk).update(password_temporary=True)
    browser, wall = Client(), clock.wall()
    for one in (member, fresh):
        given = {"name": one.user_name, "password": PASSWORD}
        assert browser.post(f"/t/{admin.enterprise.code}/sign-in/", given).status_code == 302
    proposed = own_address.propose(member, "own@home.example", PASSWORD, wall=wall)
    own_address.confirm(member, proposed.token, now=clock.now(), wall=wall)
    mail = own_address.request_reset(admin.enterprise, member, network="", wall=wall)
    assert mail is not None
    world.facts = {**world.facts, "reset_token": mail.token}
    world.sessions[MEMBER] = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    world.before = world.after = rows()


class Seen(HTMLParser):
    """The text of a page that its reader sees without opening anything."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self._hidden, self._open = "", 0, list[tuple[str, bool]]()
        self.feed(html)

    VOID = frozenset({"input", "br", "hr", "img", "meta", "link", "source", "use", "path", "circle", "wbr", "col"})

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        hides = tag in {"template", "script", "style"} or "hidden" in given
        hides = hides or (tag == "details" and "open" not in given)
        hides = hides or (tag == "dialog" and not {"open", "data-dialog-open"} & set(given))
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
    """Raises the refusals that are still to be shown, one a request, where a place catches them."""

    TOOL = 4

    def __init__(self, todo: Mapping[Catch, list[Refusal]]) -> None:
        self.todo = {catch: list(given) for catch, given in todo.items()}
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
        return (
            False  # the page of a refusal itself; classes of their own, beside which the same place catches all others
        )
    return catch.file.startswith(
        {"seller/": "sites/seller_center", "console/": "sites/console"}.get(
            group, ("sites/storefront", "web", "auth_centre")
        )
    )


def requests_of(group: str) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Role, method, pattern and form: first what is sent, then what is read."""
    if not group:
        yield table.BUYER, "GET", "checkout/<int:product_id>/", {}  # what it costs is asked again when the form is sent
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


def _show(world: World, refuser: Refuser, asked: tuple[str, str, str, Mapping[str, Any]]) -> str:
    """Send the form; empty when the refusal is visible and nothing changed, or none was raised."""
    role, method, pattern, data = asked
    client = Client(headers={"accept-language": LANGUAGES[refuser.language]})
    if role == MEMBER:
        client.cookies.load(world.sessions[role])
    elif role != STRANGER:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]
    path = world.path(pattern, ROWS[pattern])
    form = {name: _filled(value, world) for name, value in data.items()}
    counts.clear()
    refuser.raised, refuser.armed = None, True
    with transaction.atomic():
        wrote = Wrote()
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
    seen = Seen(text).text if answer["Content-Type"].startswith("text/html") else text
    where = f"{method} /{pattern} as {role}: {catch} got {refusal.code} about {refusal.field!r} ({answer.status_code})"
    if "Refused" in catch.classes and " ".join(words.split()) not in " ".join(seen.split()):
        return f"{where}, and the page does not say {words!r}"
    if "Refused" not in catch.classes and not any(note in text for note in ('role="alert"', 'role="status"')):
        return f"{where}, and the page says nothing"
    kept = {Entry._meta.label, *KEPT.get(str(catch), ())}
    changed = {label for label, found in after.items() if found != world.before[label]} - kept
    return f"{where}, and {changed} changed" if changed else ""


def _filled(value: str, world: World) -> Any:
    return SimpleUploadedFile("a.pdf", PDF) if value == "FILE" else value.format_map(world.facts)


def shown(world: World, group: str, todo: Mapping[Catch, list[Refusal]], language: str) -> tuple[list[str], list[str]]:
    """What is wrong, and the places that no form led to."""
    refuser, wrong = Refuser(todo), list[str]()
    refuser.language = language
    with refuser.watching():
        for asked in requests_of(group):
            if asked[1] == "GET" and not _has_more(refuser, world.path(asked[2], ROWS[asked[2]])):
                continue
            while True:
                wrong += [why] if (why := _show(world, refuser, asked)) else []
                if refuser.raised is None:
                    break
    return wrong, [str(catch) for catch, left in refuser.todo.items() if left]


def _has_more(refuser: Refuser, path: str) -> bool:
    module = resolve(path).func.__module__.removeprefix("tradepost.market.").replace(".", "/")
    return any(left and catch.file.startswith((module, "web/")) for catch, left in refuser.todo.items())


def _each_field(reaching: frozenset[Refusal], *, own: bool) -> list[Refusal]:
    """One refusal for each field, since a page tells them apart by it; all of them where the page looks at the code."""
    told = {(refusal.field, refusal.code if own else ""): refusal for refusal in sorted(reaching)}
    return [ABSENT, *told.values()]


@pytest.mark.parametrize("group", GROUPS, ids=("seller_center", "console", "storefront"))
def test_a_refusal_whose_field_is_absent_is_shown_in_both_languages(world: World, group: str) -> None:
    todo = {catch: [ABSENT] for catch in catches() if of_group(catch, group)}
    for language in LANGUAGES:
        wrong, left = shown(world, group, todo, language)
        assert not wrong, "\n".join(["", *wrong])
        assert set(left) - set(NOT_HERE) == set(), "no form leads there"


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS, ids=("seller_center", "console", "storefront"))
def test_each_refusal_is_shown_at_its_form(world: World, group: str) -> None:
    todo = {
        catch: _each_field(reaching, own=catch.own) for catch, reaching in catches().items() if of_group(catch, group)
    }
    for language in LANGUAGES:
        wrong, left = shown(world, group, todo, language)
        assert not wrong, "\n".join(["", *wrong])
        assert set(left) - set(NOT_HERE) == set()
    pairs = sum(len(catches()[catch]) for catch in todo)
    print(f"{len(todo)} places that catch refusals, {pairs} pairs of a place and a refusal that reaches it")  # noqa: T201  # the numbers


def test_the_places_and_refusals_are_found() -> None:
    """The numbers of the issue's fifth proof; each place named as unreachable is there."""
    assert set(NOT_HERE) <= {str(catch) for catch in catches()}
    codes = {refusal.code for refusal in refusals()}
    print(f"{len(refusals())} refusals with {len(codes)} codes; {len(catches())} places catch them")  # noqa: T201  # the numbers
    assert len(codes) > 400
    assert len(catches()) > 150
