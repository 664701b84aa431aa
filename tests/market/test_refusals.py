"""Every refusal is shown (business-rules §0: nothing is refused without a reason): each place of the sites that catches
refusals catches each refusal that can reach it, through its real form, and the words must be visible in the response.

The refusal is raised at the first line of the ``try``, as if the first verb refused; ``refusing`` lists the refusals
that can reach it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from tests.market.refusers import ABSENT, GROUPS, LANGUAGES, admit_members, of_group, problems_and_unreached
from tests.market.refusing import Refusal, catches, refusals
from tests.market.world import World, shared_world
from tradepost.market.auth_centre import pending

pytestmark = [pytest.mark.django_db]

NOT_HERE = {
    "sites/console/branding.py:branding:IllegalTransition+Refused": "an empty form is valid there: console/test_branding.py",
    "sites/console/registration.py:invite:IllegalTransition+Refused": "it asks for addresses: console/test_registration.py",
    "sites/console/join.py:_open_account:IllegalTransition+Refused": "a mail leads there: identity/test_operators.py",
    "web/privacy_consent.py:privacy_consent:IllegalTransition+Refused": "a step of signing in: web/test_privacy_consent.py",
    "web/provider_adapter.py:pre_social_login:Refused": "another server leads there: web/test_providers.py",
    "sites/storefront/invoice_apply.py:apply:Refused": "needs orders that wait for an invoice: journeys/test_an_invoice.py",
    "sites/storefront/complaints.py:new:Refused": "names what it is about in its address: browser/desk_pages.py",
    "web/start_gate.py:_passes:Refused": "before any page is served, which is answered with 503: test_start_checks.py",
    "web/auditing.py:run_recorded:Refused": "raises again after it wrote the act into the audit log",
    "sites/storefront/change.py:_price_change:Refused": "needs a service with an upgrade rule: test_change.py",
    "sites/seller_center/applications.py:new:IllegalTransition+Refused": "needs a debugged joint address: test_applications.py",
    "sites/seller_center/draft.py:_submitted_files:Refused": "files of a draft, shown beside their fields: test_draft.py",
    "sites/seller_center/drafting.py:_submitted_files:Refused": "raises again for the catch around it",
    "sites/seller_center/moving.py:move:Incomplete+Refused": "needs a published application: test_applications.py",
    "sites/seller_center/repayments.py:repay:Refused": "needs a debt: settlement/test_repayments.py",
    "sites/seller_center/rules.py:add:IllegalTransition+Refused": "needs a debugged upgrade case: test_sale_pages.py",
    "sites/seller_center/uploads.py:answered:Refused": "the tus protocol, read by a program: assets/test_uploads.py",
    "sites/console/accounts.py:top_up:IllegalTransition+Refused": "asks for a confirmation first: test_top_up.py",
    "web/second_step.py:check_code:Refused": "needs a sign-in that waits for its code: test_second_step.py",
    "web/second_step_pages.py:turn_on:Refused": "needs the password of the session: test_second_step.py",
    "web/pages/export_job.py:write:Refused": "a worker's, told by the list of exports: exports/test_exports.py",
    "web/pages/export_pages.py:new:IllegalTransition+Refused": "too many at once: exports/test_exports.py",
    "web/second_step_pages.py:_change:Refused": "needs the password of the session: test_second_step.py",
}
"""Places that the small market does not reach, and the test that shows a refusal there."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    # On a busy machine these tests take longer than the time limit for a new password.
    with shared_world(django_db_blocker) as small_world, mock.patch.object(pending, "LIFETIME", timedelta(days=1)):
        admit_members(small_world)
        yield small_world


def _each_field(reaching: frozenset[Refusal], *, own: bool) -> list[Refusal]:
    """Return one refusal for each field, since a page distinguishes them by it; all of them if the page reads the code."""
    by_field = {(refusal.field, refusal.code if own else ""): refusal for refusal in sorted(reaching)}
    return [ABSENT, *by_field.values()]


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS, ids=("seller_center", "console", "storefront"))
def test_refusal_of_a_missing_field_is_shown_in_both_languages(world: World, group: str) -> None:
    todo = {catch: [ABSENT] for catch in catches() if of_group(catch, group)}
    for language in LANGUAGES:
        wrong, left = problems_and_unreached(world, group, todo, language)
        assert not wrong, "\n".join(["", *wrong])
        assert set(left) - set(NOT_HERE) == set(), "no form leads there"


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS, ids=("seller_center", "console", "storefront"))
def test_each_refusal_is_shown_at_its_form(world: World, group: str) -> None:
    todo = {
        catch: _each_field(reaching, own=catch.own) for catch, reaching in catches().items() if of_group(catch, group)
    }
    for language in LANGUAGES:
        wrong, left = problems_and_unreached(world, group, todo, language)
        assert not wrong, "\n".join(["", *wrong])
        assert set(left) - set(NOT_HERE) == set()
    pairs = sum(len(catches()[catch]) for catch in todo)
    print(f"{len(todo)} places that catch refusals, {pairs} pairs of a place and a refusal that reaches it")  # noqa: T201  # the numbers


def test_places_and_refusals_are_found() -> None:
    """The numbers of the issue's fifth proof; each place listed as unreachable exists."""
    assert set(NOT_HERE) <= {str(catch) for catch in catches()}
    codes = {refusal.code for refusal in refusals()}
    print(f"{len(refusals())} refusals with {len(codes)} codes; {len(catches())} places catch them")  # noqa: T201  # the numbers
    assert len(codes) > 400
    assert len(catches()) > 150
