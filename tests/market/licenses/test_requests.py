"""Applications for licenses of machines: one for each machine and term, and the same bytes for ever (saas-v1-license §B3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from tests.factories.licenses import came_as_file, deliver
from tests.market.fulfilment.services import again, done, open_call, renewed, service
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.licensing import apply_for_license, withdraw_application
from tradepost.market.licenses.license_files import license_bytes
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import TextUpload, Upload

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def applied(held: Subscription, machine: str = "MAC-1") -> LicenseRequest:
    request = apply_for_license(held, machine, actor="b", now=NOW)
    done(open_call())
    request.refresh_from_db()
    return request


def refusal(held: Subscription, upload: Upload) -> str:
    before = list(LicenseRequest.objects.values())
    with pytest.raises(ApiRefused) as refused:
        deliver(held.seller_id, upload, now=LATER)
    assert list(LicenseRequest.objects.values()) == before
    return refused.value.error.code


def test_one_for_each_machine_and_term_and_a_renewal_issues_anew() -> None:
    """joint.md §6.4: one license per (subscription, fingerprint, term)."""
    held = service("license_online")
    first = applied(held)
    deliver(held.seller_id, TextUpload(event_id=first.event_id, characters="one"), now=LATER)
    with pytest.raises(Refused) as refused:
        apply_for_license(held, "MAC-1", actor="b", now=NOW)
    assert refused.value.code == "license.known"
    applied(held, "MAC-2")
    renewed(held)
    done(open_call())
    second = applied(again(held))
    assert (second.event_id != first.event_id, second.term != first.term) == (True, True)
    first.refresh_from_db()
    assert license_bytes(first) == b"one", "the license of the former term stays what it was"
    assert LicenseRequest.objects.count() == 3


def test_what_was_withdrawn_is_refused_until_it_is_applied_for_anew() -> None:
    """openapi-jointkit §C.7: 91381038, License apply has been denied."""
    held = service("license_online")
    request = applied(held)
    withdraw_application(held, request.pk, actor="b", now=NOW)
    assert refusal(held, TextUpload(event_id=request.event_id, characters="late")) == "91381038"
    with pytest.raises(Refused) as refused:
        withdraw_application(held, request.pk, actor="b", now=NOW)
    assert refused.value.code == "license.not_waiting"
    same = applied(held)
    assert same.event_id == request.event_id, "the seller makes no second license"
    deliver(held.seller_id, TextUpload(event_id=same.event_id, characters="late"), now=LATER)
    same.refresh_from_db()
    assert (same.status, license_bytes(same)) == ("delivered", b"late")


_TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20)
_FILES = st.tuples(st.sampled_from(["a.lic", "b.bin"]), st.binary(min_size=1, max_size=40))


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(_TEXTS, _FILES), min_size=1, max_size=5), st.integers(0, 3))
def test_whatever_is_uploaded_after_the_first_the_license_stays_the_same_bytes(
    uploads: list[str | tuple[str, bytes]], repeats: int
) -> None:
    """joint.md §5: the same content again → CBC.0000, other content → 91381034."""
    from django.db import transaction

    with transaction.atomic():
        held = service("license_online")
        request = applied(held)
        first, codes = uploads[0], []
        for upload in [first, *[first] * repeats, *uploads[1:], first]:
            try:
                deliver(held.seller_id, _upload(request.event_id, upload), now=LATER)
            except ApiRefused as refused:
                codes.append((refused.error.code, upload != first))
            request.refresh_from_db()
            assert license_bytes(request) == (first.encode() if isinstance(first, str) else first[1])
        assert set(codes) <= {("91381034", True)}
        transaction.set_rollback(True)


def _upload(event_id: str, what: str | tuple[str, bytes]) -> Upload:
    if isinstance(what, str):
        return TextUpload(event_id=event_id, characters=what)
    return came_as_file(event_id, *what)
