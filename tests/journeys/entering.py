"""Accounts and companies at the real pages: somebody signs up, applies from the store's footer, is refused with a reason, corrects,
is admitted and certified; the operator who decides."""

from __future__ import annotations

import re

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories.companies import certification, company, typed
from tests.factories.people import PASSWORD
from tests.factories.pictures import PDF, picture_file
from tests.journeys.browsing import Person
from tests.waiting import until
from tradepost.market.base.config import config
from tradepost.market.identity.models import Seller, User
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.review.models import Submission

DRAFT = "/seller/company/draft/enter/"
CERTIFY = "/seller/company/draft/certify/"


def signed_up(email: str, *, language: str = "en") -> Person:
    """A new account, opened by the link in the mail. Before a worker runs, which would send it."""
    person = Person(language)
    person.read("/account/signup/")
    person.send("/account/signup/", email=email, password1=PASSWORD)
    link = re.search(r"\S+/account/confirm-email/\S+", str(compose(NoticeDelivery.objects.latest("pk"), _site()).body))
    assert link
    person.read(link[0].removeprefix(config().base_url))
    person.send(
        person.action("/account/confirm-email/")
    )  # signed anew by the page, with the second in which it is shown
    assert User.objects.get(email=email).pk == int(person.session["_auth_user_id"])
    return person


def _site() -> Site:
    return Site(config().base_url)


def signed_in(user: User) -> Person:
    """Somebody of the market's own, who has a password from the factories."""
    person = Person()
    person.read("/account/login/")
    person.send("/account/login/", login=user.email, password=PASSWORD)
    return person


def applies(person: Person) -> Seller:
    """From the footer of the store to the form of the company."""
    assert 'href="/seller/enter/"' in person.read("/").partition('class="tp-foot"')[2]
    assert "at least 15 people" in person.read("/seller/enter/")
    assert person.send("/seller/enter/") == DRAFT
    for elsewhere in ("/seller/", "/seller/orders/", "/seller/keys/"):
        assert person.get(elsewhere).headers["Location"] == "/seller/company/", "an applicant sees its entry alone"
    return Seller.objects.get(members__user=person.session["_auth_user_id"])


def sends_company(person: Person, **said: str) -> Submission:
    """Type the whole form, with logo, licence and every agreement, and send it."""
    files = {
        "logo_file": SimpleUploadedFile("logo.png", picture_file(width=336, height=140), "image/png"),
        "licence_file": SimpleUploadedFile("licence.pdf", PDF, "application/pdf"),
    }
    person.read(DRAFT)
    whole = {name: value for name, value in typed(company()).items() if name not in {"logo", "licence"}}
    person.send(DRAFT, whole | said | files, tick="agreement_", act="submit")
    return Submission.objects.latest("pk")


def corrects(person: Person, refused: Submission) -> None:
    """Begin a copy of what was refused."""
    person.read(f"/seller/submissions/{refused.pk}/")
    assert person.send(f"/seller/submissions/{refused.pk}/correct/") == DRAFT


def became(one: Submission, status: str) -> None:
    until(lambda: Submission.objects.get(pk=one.pk).status == status, within=60, what=f"{one.kind} is {status}")


def is_certified(person: Person, console: Person, seller: Seller) -> None:
    """Business certification: written, sent, decided."""
    person.read("/seller/company/")
    person.send(CERTIFY, act="begin")
    seller.refresh_from_db()
    person.send(CERTIFY, certification(seller), tick="agreement_", act="submit")
    sent = Submission.objects.latest("pk")
    became(sent, "pending")
    approves(console, sent)


def approves(console: Person, sent: Submission) -> str:
    """What the operator saw; every point of its list is ticked."""
    seen = console.read(f"/console/reviews/{sent.pk}/")
    console.send(f"/console/reviews/{sent.pk}/approve/", tick="checklist")
    became(sent, "approved")
    return seen


def rejects(console: Person, sent: Submission, **reasons: str) -> None:
    """First without a reason, which is refused; nothing is decided by it."""
    console.read(f"/console/reviews/{sent.pk}/")
    console.send(f"/console/reviews/{sent.pk}/reject/", status=422)
    assert Submission.objects.get(pk=sent.pk).status == "pending"
    console.read(f"/console/reviews/{sent.pk}/")
    said = {f"reason_{section}": words for section, words in reasons.items()}
    console.send(f"/console/reviews/{sent.pk}/reject/", said)
    became(sent, "rejected")
