"""Applications for machine licenses: one per machine and term, and the license never changes (saas-v1-license §B3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from tests.factories.licenses import deliver, uploaded_file
from tests.market.fulfilment.services import again, done, open_call, renewed, service
from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import OLDEST
from tradepost.market.fulfilment.licensing import apply_for_license, withdraw_application
from tradepost.market.licenses.license_files import license_bytes
from tradepost.market.licenses.lists import ListFilters, requests
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import TextUpload, Upload

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def apply_for_machine(subscription: Subscription, machine: str = "MAC-1") -> LicenseRequest:
    request = apply_for_license(subscription, machine, actor="b", now=NOW)
    done(open_call())
    request.refresh_from_db()
    return request


def refusal_code(subscription: Subscription, upload: Upload) -> str:
    before = list(LicenseRequest.objects.values())
    with pytest.raises(ApiRefused) as error:
        deliver(subscription.seller_id, upload, now=LATER)
    assert list(LicenseRequest.objects.values()) == before
    return error.value.error.code


def test_one_license_per_machine_and_term() -> None:
    """joint.md §6.4: one license per (subscription, fingerprint, term)."""
    subscription = service("license_online")
    first = apply_for_machine(subscription)
    deliver(subscription.seller_id, TextUpload(event_id=first.event_id, characters="one"), now=LATER)
    with pytest.raises(Refused) as error:
        apply_for_license(subscription, "MAC-1", actor="b", now=NOW)
    assert error.value.code == "license.known"
    apply_for_machine(subscription, "MAC-2")
    renewed(subscription)
    done(open_call())
    second = apply_for_machine(again(subscription))
    assert (second.event_id != first.event_id, second.term != first.term) == (True, True)
    first.refresh_from_db()
    assert license_bytes(first) == b"one", "the license of the former term is unchanged"
    assert LicenseRequest.objects.count() == 3


def test_withdrawn_application_is_refused_until_it_is_repeated() -> None:
    """openapi-jointkit §C.7: 91381038, License apply has been denied."""
    subscription = service("license_online")
    request = apply_for_machine(subscription)
    withdraw_application(subscription, request.pk, actor="b", now=NOW)
    assert refusal_code(subscription, TextUpload(event_id=request.event_id, characters="late")) == "91381038"
    with pytest.raises(Refused) as error:
        withdraw_application(subscription, request.pk, actor="b", now=NOW)
    assert error.value.code == "license.not_waiting"
    repeated = apply_for_machine(subscription)
    assert repeated.event_id == request.event_id, "the seller issues no second license"
    deliver(subscription.seller_id, TextUpload(event_id=repeated.event_id, characters="late"), now=LATER)
    repeated.refresh_from_db()
    assert (repeated.status, license_bytes(repeated)) == ("delivered", b"late")


_TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20)
_FILES = st.tuples(st.sampled_from(["a.lic", "b.bin"]), st.binary(min_size=1, max_size=40))


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(_TEXTS, _FILES), min_size=1, max_size=5), st.integers(0, 3))
def test_later_uploads_never_change_the_license(uploads: list[str | tuple[str, bytes]], repeats: int) -> None:
    """joint.md §5: the same content again → CBC.0000, other content → 91381034."""
    from django.db import transaction

    with transaction.atomic():
        subscription = service("license_online")
        request = apply_for_machine(subscription)
        first, codes = uploads[0], []
        for upload in [first, *[first] * repeats, *uploads[1:], first]:
            try:
                deliver(subscription.seller_id, _upload(request.event_id, upload), now=LATER)
            except ApiRefused as error:
                codes.append((error.error.code, upload != first))
            request.refresh_from_db()
            assert license_bytes(request) == (first.encode() if isinstance(first, str) else first[1])
        assert set(codes) <= {("91381034", True)}
        transaction.set_rollback(True)


def _upload(event_id: str, content: str | tuple[str, bytes]) -> Upload:
    if isinstance(content, str):
        return TextUpload(event_id=event_id, characters=content)
    return uploaded_file(event_id, *content)


def test_repeated_application_is_listed_at_its_new_time() -> None:
    """Its row is older than others, so this list cannot be ordered by keys."""
    first, second, third = (apply_for_machine(service("license_online"), f"MAC-{n}") for n in range(3))
    days = timedelta(days=1)
    for request, at in ((first, NOW + 20 * days), (second, NOW), (third, NOW + 10 * days)):
        LicenseRequest.objects.filter(pk=request.pk).update(asked_at=at)
    for since, until, expected in (
        (NOW + 15 * days, None, [first.pk]),
        (NOW - days, NOW + 15 * days, [third.pk, second.pk]),
    ):
        assert [row.pk for row in requests(ListFilters(since=since, until=until)).rows] == expected


def test_pages_follow_the_application_time_in_both_directions() -> None:
    """issue 27, must show 3: the lists use an index of the application time, which a repeated application changes."""
    subscription = service("license_online")
    applications = [apply_for_machine(subscription, f"MAC-{number}") for number in range(7)]
    for number, application in enumerate(applications):
        LicenseRequest.objects.filter(pk=application.pk).update(
            asked_at=NOW + timedelta(minutes=(3, 1, 1, 5, 1, 0, 5)[number])
        )
    newest = [applications[number].pk for number in (6, 3, 0, 4, 2, 1, 5)]

    def list_keys(after: str, **filters: Any) -> list[int]:
        seen: list[int] = []
        while True:
            page = requests(ListFilters(**filters), seller=subscription.seller, after=after, size=2)
            seen += [row.pk for row in page.rows]
            if not (after := page.next_key):
                return seen

    assert list_keys("") == newest
    assert list_keys(OLDEST) == newest[::-1]
    assert list_keys("", status="promised") == newest
    since, until = NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)
    assert list_keys("", since=since, until=until) == newest[2:6]
    assert list_keys(OLDEST, since=since, until=until) == newest[2:6][::-1]
    for invalid_key in ("x", "5", "1-x", "-1--2", f"{10**30}-1", "oldest.x"):
        page = requests(ListFilters(), seller=subscription.seller, after=invalid_key, size=2)
        assert len(page.rows) == 2, invalid_key
