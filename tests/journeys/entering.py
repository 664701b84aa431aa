"""Registration of accounts and companies on the pages: a person signs up, applies from the store's footer, is rejected
with a reason, corrects the application, and is admitted and certified by an operator.
"""

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


def sign_up(email: str, *, language: str = "en") -> Person:
    """Return a new account, confirmed by the link in the mail. Call it before a worker runs, which would send the mail."""
    person = Person(language)
    person.read("/account/signup/")
    person.send("/account/signup/", email=email, password1=PASSWORD, privacy="on")
    link = re.search(r"\S+/account/confirm-email/\S+", str(compose(NoticeDelivery.objects.latest("pk"), _site()).body))
    assert link
    person.read(link[0].removeprefix(config().base_url))
    person.send(
        person.action("/account/confirm-email/")
    )  # the page signs it again, with the second at which it is shown
    assert User.objects.get(email=email).pk == int(person.session["_auth_user_id"])
    return person


def _site() -> Site:
    return Site(config().base_url)


def sign_in(user: User) -> Person:
    """Sign in a user of the market who has the factories' password."""
    person = Person()
    person.read("/account/login/")
    person.send("/account/login/", login=user.email, password=PASSWORD)
    return person


def open_application(person: Person) -> Seller:
    """Go from the footer of the store to the form of the company."""
    assert 'href="/seller/enter/"' in person.read("/").partition('class="tp-foot"')[2]
    assert "at least 15 people" in person.read("/seller/enter/")
    assert person.send("/seller/enter/") == DRAFT
    for elsewhere in ("/seller/", "/seller/orders/", "/seller/keys/"):
        assert person.get(elsewhere).headers["Location"] == "/seller/company/", "an applicant sees its entry alone"
    return Seller.objects.get(members__user=person.session["_auth_user_id"])


def submit_company(person: Person, **said: str) -> Submission:
    """Fill in the whole form, with logo, licence and every agreement, and submit it."""
    files = {
        "logo_file": SimpleUploadedFile("logo.png", picture_file(width=336, height=140), "image/png"),
        "licence_file": SimpleUploadedFile("licence.pdf", PDF, "application/pdf"),
    }
    person.read(DRAFT)
    whole = {name: value for name, value in typed(company()).items() if name not in {"logo", "licence"}}
    person.send(DRAFT, whole | said | files, tick="agreement_", act="submit")
    return Submission.objects.latest("pk")


def correct(person: Person, refused: Submission) -> None:
    """Start a copy of the rejected application."""
    person.read(f"/seller/submissions/{refused.pk}/")
    assert person.send(f"/seller/submissions/{refused.pk}/correct/") == DRAFT


def wait_for_status(one: Submission, status: str) -> None:
    until(lambda: Submission.objects.get(pk=one.pk).status == status, within=60, what=f"{one.kind} is {status}")


def certify(person: Person, console: Person, seller: Seller) -> None:
    """Complete the business certification: fill in, submit, approve."""
    person.read("/seller/company/")
    person.send(CERTIFY, act="begin")
    seller.refresh_from_db()
    person.send(CERTIFY, certification(seller), tick="agreement_", act="submit")
    sent = Submission.objects.latest("pk")
    wait_for_status(sent, "pending")
    approve(console, sent)


def approve(console: Person, sent: Submission) -> str:
    """Approve as an operator, with every point of the checklist ticked."""
    seen = console.read(f"/console/reviews/{sent.pk}/")
    console.send(f"/console/reviews/{sent.pk}/approve/", tick="checklist")
    wait_for_status(sent, "approved")
    return seen


def reject(console: Person, sent: Submission, **reasons: str) -> None:
    """Reject as an operator. The first try has no reason, is refused, and decides nothing."""
    console.read(f"/console/reviews/{sent.pk}/")
    console.send(f"/console/reviews/{sent.pk}/reject/", status=422)
    assert Submission.objects.get(pk=sent.pk).status == "pending"
    console.read(f"/console/reviews/{sent.pk}/")
    said = {f"reason_{section}": words for section, words in reasons.items()}
    console.send(f"/console/reviews/{sent.pk}/reject/", said)
    wait_for_status(sent, "rejected")
