"""Applications for licenses of machines, over the protocol that has them, in every state that can persist."""

from __future__ import annotations

from tests.factories.licenses import deliver, uploaded_file
from tests.released.stage import Case, Last, Play, Stage, Steps, back
from tradepost.market.fulfilment.licensing import apply_for_license
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.upload import TextUpload, Upload

ASKED = "GetLicenseAsync"
MACHINE = "9C-B6-D0-11-22-33"


def _applied(m: Stage, held: Subscription) -> LicenseRequest:
    return apply_for_license(held, MACHINE, actor=held.buyer.email, now=m.now)


def promised(m: Stage) -> Steps[LicenseRequest]:
    held = yield from m.delivered("license_online", at=back(days=12))
    yield back(days=6)
    request = _applied(m, held)
    yield back(days=5)
    return request


def delivered(*, file: bool) -> Play:
    def play(m: Stage) -> Steps[None]:
        request = yield from promised(m)
        text = TextUpload(event_id=request.event_id, characters="seats=25")
        upload: Upload = uploaded_file(request.event_id, "许可.lic", b"\0seats=25") if file else text
        deliver(request.seller_id, upload, now=m.now)

    return play


def refused(m: Stage) -> Steps[None]:
    held = yield from m.delivered("license_online", at=back(days=12))
    m.refuse(ASKED, held)
    yield back(days=6)
    _applied(m, held)


def applied_in(when: Last) -> Play:
    def play(m: Stage) -> Steps[None]:
        held = yield from m.delivered("license_online", at=back(days=12))
        yield when
        _applied(m, held)

    return play


def license_cases() -> list[Case]:
    return [
        Case("license_online: license promised", promised),
        Case("license_online: license delivered as a text", delivered(file=False)),
        Case("license_online: license delivered as a file", delivered(file=True)),
        Case("license_online: license refused", refused),
        Case("license_online: license taken by a worker that died", applied_in(Last.LEASED)),
        Case("license_online: license not begun", applied_in(Last.WAITING)),
        Case("license_online: license promised, not told", applied_in(Last.ENDED)),
    ]
