"""Members replace, change and reset their own passwords (issue 25, 17)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client as Browser

from tests.factories import NOW
from tests.factories.people import PASSWORD
from tests.factories.second_step import turn_on
from tests.factories.signing_in import Joint, make_joint
from tests.market.auth_centre.browsing import sign_in
from tests.market.engine import react
from tradepost.market.auth_centre.models import SignInSession
from tradepost.market.base import clock
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.organisations import initial_password, members, second_step
from tradepost.market.organisations.models import EnterpriseAct, Member, OwnAddress
from tradepost.market.organisations.reset_wait import ResetLimits

pytestmark = pytest.mark.django_db
GAPS = ResetLimits(apart=timedelta(minutes=3), hourly=15, daily=60)
NEW_PASSWORD = "nine green ducks swim"


@pytest.fixture
def joint() -> Joint:
    return make_joint()


def user_of(joint: Joint) -> User:
    return User.objects.get(pk=joint.member.user_id)


def set_password_by_admin(joint: Joint) -> str:
    """An administrator sets the password; return it."""
    return initial_password.reset(joint.member, by=joint.admin, gaps=GAPS, now=clock.now()).password


def submit_password(joint: Joint, password: str) -> tuple[Browser, str]:
    """Submit the password, and return the browser and its redirect target."""
    browser = Browser(headers={"accept-language": "en"})
    answer = browser.post(f"{joint.home}sign-in/", {"name": "zhang01", "password": password})
    return browser, answer["Location"].split("?")[0]


def acts() -> list[str]:
    return list(EnterpriseAct.objects.order_by("pk").values_list("act", flat=True))


# --- first sign-in --------------------------------------------------------------------------------------------------------


def test_password_set_by_an_administrator_is_replaced_first(joint: Joint) -> None:
    first = set_password_by_admin(joint)
    browser, at = submit_password(joint, first)
    assert at == f"{joint.home}sign-in/password/"
    assert not SignInSession.objects.exists()
    assert browser.get(joint.home).status_code == 302, "not signed in"
    assert "Choose your own password" in browser.get(at).text
    response = browser.post(at, {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD})
    assert response["Location"] == joint.home
    assert browser.get(joint.home).status_code == 200
    assert user_of(joint).check_password(NEW_PASSWORD)
    assert not Member.objects.get(pk=joint.member.pk).password_temporary
    assert acts()[-1] == "password_changed"
    assert EnterpriseAct.objects.latest("pk").by_id == joint.member.user_id
    assert submit_password(joint, NEW_PASSWORD)[1] == joint.home, "not asked at the next sign-in"


@pytest.mark.parametrize(
    ("new", "repeated", "words"),
    [
        ("short", "short", "at least 10 characters"),
        ("password123", "password123", "too common"),
        (NEW_PASSWORD, f"{NEW_PASSWORD}!", "do not match"),
        ("my-zhang01-secret", "my-zhang01-secret", "contains your name"),
        (None, None, "current password"),
    ],
)
def test_bad_new_password_is_refused_and_changes_nothing(
    joint: Joint, new: str | None, repeated: str, words: str
) -> None:
    first = set_password_by_admin(joint)
    before, acts_before = user_of(joint).password, acts()
    browser, at = submit_password(joint, first)
    refused = browser.post(at, {"new_password": new or first, "new_password_again": repeated or first})
    assert refused.status_code == 422
    assert words in refused.text
    assert (user_of(joint).password, acts()) == (before, acts_before)
    assert not SignInSession.objects.exists()


def test_second_step_comes_before_the_new_password(joint: Joint) -> None:
    app = turn_on(joint.member.user)
    browser, at = submit_password(joint, set_password_by_admin(joint))
    assert at == f"{joint.home}sign-in/second-step/"
    on = browser.post(at, {"code": app.code()})["Location"].split("?")[0]
    assert on == f"{joint.home}sign-in/password/"
    assert not SignInSession.objects.exists()
    assert (
        browser.post(on, {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD})["Location"] == joint.home
    )
    assert SignInSession.objects.get().second_step == "otp"


def test_page_for_the_new_password_needs_the_second_step(joint: Joint) -> None:
    """Typing its address does not skip the second step."""
    turn_on(joint.member.user)
    first = set_password_by_admin(joint)
    browser, _at = submit_password(joint, first)
    browser.post(f"{joint.home}sign-in/password/", {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD})
    assert user_of(joint).check_password(first)


def test_new_password_comes_before_required_two_step_setup(joint: Joint) -> None:
    second_step.require_for_all(joint.enterprise, wanted=True, by=joint.admin, now=NOW)
    browser, at = submit_password(joint, set_password_by_admin(joint))
    assert at == f"{joint.home}sign-in/password/"
    response = browser.post(at, {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD})
    assert response["Location"].split("?")[0] == f"{joint.home}sign-in/set-up/"
    assert not SignInSession.objects.exists()


# --- changes --------------------------------------------------------------------------------------------------------------


def change(browser: Browser, joint: Joint, old: str = PASSWORD, new: str = NEW_PASSWORD):
    return browser.post(f"{joint.home}password/", {"old_password": old, "new_password": new, "new_password_again": new})


def test_changed_password_signs_out_other_browsers(joint: Joint) -> None:
    current_browser, other_browser = sign_in(joint), sign_in(joint)
    assert f"{joint.home}password/" in current_browser.get(joint.home).text
    assert change(current_browser, joint).status_code == 302
    react(now=clock.now())
    assert user_of(joint).check_password(NEW_PASSWORD)
    assert (current_browser.get(joint.home).status_code, other_browser.get(joint.home).status_code) == (200, 302)
    assert acts()[-1] == "password_changed"


def test_wrong_old_password_is_refused_and_delayed(joint: Joint) -> None:
    browser, before = sign_in(joint), user_of(joint).password
    statuses = [change(browser, joint, old="wrong").status_code for _ in range(7)]
    assert (statuses[0], statuses[-1]) == (422, 429)
    assert change(browser, joint).status_code == 429, "the right password is delayed, too"
    assert user_of(joint).password == before
    assert browser.get(joint.home).status_code == 200


def test_market_password_is_changed_at_the_market(joint: Joint) -> None:
    browser = Browser(headers={"accept-language": "en"})
    browser.force_login(joint.admin.user)
    browser.post(f"{joint.home}sign-in/account/")
    before = joint.admin.user.password
    assert "/account/password/change/" in browser.get(f"{joint.home}password/").text
    assert change(browser, joint).status_code == 403
    joint.admin.user.refresh_from_db()
    assert joint.admin.user.password == before


# --- confirmed addresses --------------------------------------------------------------------------------------------------


def mailed(kind: str) -> tuple[str, str]:
    """Return the address and the link of the newest mail."""
    mail = NoticeDelivery.objects.filter(kind=kind).latest("pk")
    return mail.address, unseal(mail.sealed_link)


def confirmed(joint: Joint, address: str = "zhang@home.example") -> Browser:
    browser = sign_in(joint)
    answer = browser.post(f"{joint.home}password/address/", {"email": address, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    to, link = mailed("member_address")
    assert to == address
    assert OwnAddress.objects.get().email == "", "not before the link"
    browser.get(link)
    assert OwnAddress.objects.get().email == "", "nor by a program that follows links"
    assert browser.post(link).status_code == 302
    return browser


def test_address_is_confirmed_only_by_its_mailbox_and_member(joint: Joint) -> None:
    browser = sign_in(joint)
    before = NoticeDelivery.objects.count()
    assert (
        browser.post(f"{joint.home}password/address/", {"email": "a@b.example", "password": "wrong"}).status_code == 422
    )
    assert browser.post(f"{joint.home}password/address/", {"email": "no", "password": PASSWORD}).status_code == 422
    assert (NoticeDelivery.objects.count(), OwnAddress.objects.count()) == (before, 0)
    confirmed(joint)
    _to, link = mailed("member_address")
    assert browser.post(link).status_code == 409, "used"
    assert OwnAddress.objects.get().email == "zhang@home.example"
    assert acts()[-1] == "address_confirmed"
    browser.post(f"{joint.home}password/address/remove/")
    assert (OwnAddress.objects.count(), acts()[-1]) == (0, "address_removed")


def test_other_session_confirms_nothing(joint: Joint) -> None:
    from tests.factories.signing_in import make_member_with_password

    make_member_with_password(joint.admin, "other01")
    browser = sign_in(joint)
    browser.post(f"{joint.home}password/address/", {"email": "a@b.example", "password": PASSWORD})
    _to, link = mailed("member_address")
    stranger = sign_in(joint, "other01")
    assert stranger.get(link).status_code == 404
    assert stranger.post(link).status_code == 409
    assert Browser().get(link).status_code == 302, "asked to sign in"
    assert OwnAddress.objects.get().email == ""


def forgot(joint: Joint, name: str = "zhang01"):
    return Browser(headers={"accept-language": "en"}).post(f"{joint.home}sign-in/forgot/", {"name": name})


def test_forgotten_password_is_reset_by_mail_and_signs_out_everywhere(joint: Joint) -> None:
    current_browser = confirmed(joint)
    assert "Forgot your password?" in Browser(headers={"accept-language": "en"}).get(f"{joint.home}sign-in/").text
    forgot_page = forgot(joint)
    to, link = mailed("member_reset")
    assert (forgot_page.status_code, to) == (200, "zhang@home.example")
    stranger = Browser(headers={"accept-language": "en"})
    assert stranger.get(link).status_code == 200
    assert stranger.post(link, {"new_password": "short", "new_password_again": "short"}).status_code == 422
    assert user_of(joint).check_password(PASSWORD)
    response = stranger.post(link, {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD})
    assert response["Location"] == f"{joint.home}sign-in/"
    assert "known_browser" in response.cookies, (
        "failures from elsewhere do not delay the owner of the mailbox (decision 0082)"
    )
    react(now=clock.now())
    assert user_of(joint).check_password(NEW_PASSWORD)
    assert current_browser.get(joint.home).status_code == 302, "signed out"
    assert stranger.get(joint.home).status_code == 302, "not signed in: the second step follows at the sign-in"
    assert (
        stranger.post(
            link, {"new_password": f"{NEW_PASSWORD} 2", "new_password_again": f"{NEW_PASSWORD} 2"}
        ).status_code
        == 404
    ), "works once"
    assert acts()[-1] == "password_reset"
    assert mailed("member_password_changed")[0] == "zhang@home.example"


def main_of(page: str) -> str:
    """Return the page's main part, without times and form tokens."""
    match = re.search(r"<main.*?</main>", page, re.DOTALL)
    assert match is not None
    return match[0]


def test_reset_does_not_reveal_accounts(joint: Joint) -> None:
    from tests.factories.signing_in import make_member_with_password

    make_member_with_password(joint.admin, "other01")
    confirmed(joint)
    answers = [forgot(joint, name) for name in ("zhang01", "other01", "nobody")]
    assert len({(answer.status_code, main_of(answer.text)) for answer in answers}) == 1
    assert NoticeDelivery.objects.filter(kind="member_reset").count() == 1


@pytest.mark.parametrize("how", ["disabled", "removed", "new password", "changed", "too old"])
def test_link_ends_with_its_basis(joint: Joint, how: str) -> None:
    browser = confirmed(joint)
    forgot(joint)
    _to, link = mailed("member_reset")
    match how:
        case "disabled":
            members.disable(joint.member, by=joint.admin, now=NOW)
        case "removed":
            members.remove(joint.member, by=joint.admin, now=NOW)
        case "new password":
            set_password_by_admin(joint)
        case "changed":
            change(browser, joint)
        case "too old":
            OwnAddress.objects.update(reset_until=clock.wall())
    before = user_of(joint).password
    assert (
        Browser()
        .post(link, {"new_password": f"{NEW_PASSWORD} 2", "new_password_again": f"{NEW_PASSWORD} 2"})
        .status_code
        == 404
    )
    assert user_of(joint).password == before


def test_administrators_password_removes_the_confirmed_address(joint: Joint) -> None:
    """The address may belong to a person who knew the earlier password."""
    confirmed(joint)
    set_password_by_admin(joint)
    assert not OwnAddress.objects.exists()


def test_mails_and_requests_are_limited(joint: Joint) -> None:
    confirmed(joint)
    statuses = [forgot(joint).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert NoticeDelivery.objects.filter(kind="member_reset").count() == 5


def test_replaced_password_proves_nothing(joint: Joint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Race: the old password is checked before the rows are locked."""
    from tradepost.market.organisations import own_password

    def meanwhile(password: str) -> str:
        User.objects.filter(pk=joint.member.user_id).update(password=make_password("somebody else's"))
        return make_password(password)

    browser = sign_in(joint)
    monkeypatch.setattr(own_password, "make_password", meanwhile)
    assert change(browser, joint).status_code in {302, 422}
    assert user_of(joint).check_password("somebody else's")
