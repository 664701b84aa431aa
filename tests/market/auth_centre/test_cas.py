"""Sign-in by CAS (openapi-jointkit B.9, B.10; CAS 3.0)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client as Browser

from tests.factories.joint import make_application
from tests.factories.people import make_buyer
from tests.factories.signing_in import Joint, authorise, make_bound, make_joint
from tests.market.auth_centre.browsing import age_sign_ins, location, sign_in, sign_in_for
from tradepost.market.applications.models import Authorisation
from tradepost.market.auth_centre.models import ServiceTicket
from tradepost.market.base import clock

pytestmark = pytest.mark.django_db

KIT, CAS_3, CAS_2, ORGID = (
    "api/v1/cas/p3/serviceValidate", "cas/p3/serviceValidate", "cas/serviceValidate", "/orgid/openapi/v1/cas/p3/serviceValidate",
)  # fmt: skip


def come(browser: Browser, joint: Joint, **more: str) -> Any:
    return browser.get(f"{joint.home}cas/login", {"service": joint.client.callback, **more})


def ticket_for(joint: Joint, browser: Browser | None = None) -> str:
    address, query = location(come(browser or sign_in(joint), joint))
    assert (address, list(query)) == (joint.client.callback, ["ticket"])
    assert query["ticket"].startswith("ST-")
    return query["ticket"]


def validate(joint: Joint, ticket: str, path: str = KIT, **more: str) -> Any:
    query = {"service": joint.client.callback, "ticket": ticket} | more
    return Browser().get(path if path.startswith("/") else f"{joint.home}{path}", query)


def failure(answer: Any) -> str:
    told: dict[str, Any] = answer.json()["serviceResponse"]
    assert answer.status_code == 200
    assert list(told) == ["authenticationFailure"]
    return str(told["authenticationFailure"]["code"])


def test_a_ticket_says_who_it_is_in_json_unless_xml_is_asked_for() -> None:
    """B.9: ``format``, default JSON, and its attributes."""
    joint = make_joint()
    browser = Browser()
    ticket = location(sign_in_for(browser, come(browser, joint)))[1]["ticket"]
    told = validate(joint, ticket).json()["serviceResponse"]["authenticationSuccess"]
    assert told["user"] == "zhang01"
    attributes = told["attributes"]
    assert attributes.pop("authenticationDate").endswith("Z")
    assert attributes == {
        "longTermAuthenticationRequestTokenUsed": False, "isFromNewLogin": True, "role": "user", "organizationCode": "HQ",
        "name": "张三", "userName": "zhang01", "tenant": joint.enterprise.public_id,
    }  # fmt: skip
    xml = validate(joint, ticket_for(joint), format="XML")
    assert xml["Content-Type"].startswith("application/xml")
    assert b"<cas:user>zhang01</cas:user>" in xml.content


def test_the_roots_of_cas_itself_answer_in_xml() -> None:
    """joint.md §9: python-cas names no format and reads XML; CAS 2.0 has no attributes."""
    joint = make_joint()
    three, two = (validate(joint, ticket_for(joint), path).content.decode() for path in (CAS_3, CAS_2))
    assert "<cas:name>张三</cas:name>" in three
    assert "cas:attributes" not in two
    assert "<cas:user>zhang01</cas:user>" in two


def test_at_the_main_host_the_ticket_says_whose_it_is() -> None:
    """B.10: OrgID."""
    joint = make_joint()
    told = validate(joint, ticket_for(joint), ORGID).json()["serviceResponse"]["authenticationSuccess"]
    assert (told["user"], told["attributes"]["uid"]) == ("zhang01", joint.member.public_id)


def test_a_ticket_is_good_for_one_validation_right_or_wrong() -> None:
    """CAS 3.0 §3.1.1; joint.md §9: no ticket survives a wrong service."""
    joint = make_joint()
    browser = sign_in(joint)
    ticket = ticket_for(joint, browser)
    assert validate(joint, ticket).json()["serviceResponse"].keys() == {"authenticationSuccess"}
    assert failure(validate(joint, ticket)) == "INVALID_TICKET"
    ticket = ticket_for(joint, browser)
    assert failure(validate(joint, ticket, service="http://127.0.0.1:9/other")) == "INVALID_SERVICE"
    assert failure(validate(joint, ticket)) == "INVALID_TICKET"


def test_a_ticket_of_another_enterprise_too_late_or_of_nobody() -> None:
    joint, other = make_joint(), make_joint()
    browser = sign_in(joint)
    assert failure(validate(other, ticket_for(joint, browser))) == "INVALID_TICKET"
    late = ticket_for(joint, browser)
    ServiceTicket.objects.update(expires_at=clock.wall())
    assert failure(validate(joint, late)) == "INVALID_TICKET"
    assert failure(validate(joint, "ST-nobody")) == "INVALID_TICKET"
    assert failure(validate(joint, "")) == "INVALID_REQUEST"
    withdrawn = ticket_for(joint, browser)
    Authorisation.objects.update(wanted=False)
    assert failure(validate(joint, withdrawn)) == "INVALID_TICKET"
    assert withdrawn not in str(list(ServiceTicket.objects.values()))


def test_a_service_that_is_not_registered_gets_nobody() -> None:
    joint, other = make_joint(), make_joint(callback="http://127.0.0.1:9/others")
    browser = sign_in(joint)
    for service in ("http://evil.example/", f"{joint.client.callback}/x", other.client.callback):
        answer = browser.get(f"{joint.home}cas/login", {"service": service})
        assert (answer.status_code, "Location" in answer) == (400, False)
    assert not ServiceTicket.objects.exists()


def test_who_is_not_signed_in_is_asked_unless_the_service_only_wonders() -> None:
    """CAS 3.0 §2.1.1: ``gateway``."""
    joint = make_joint()
    assert come(Browser(), joint)["Location"].startswith(f"{joint.home}sign-in/")
    assert come(Browser(), joint, gateway="true")["Location"] == joint.client.callback
    assert Browser().get(f"{joint.home}cas/login")["Location"] == joint.home


def test_a_service_may_ask_for_a_fresh_sign_in() -> None:
    """CAS 3.0 §2.1.1: ``renew``."""
    joint = make_joint()
    browser = sign_in(joint)
    age_sign_ins(timedelta(minutes=5))
    assert failure(validate(joint, ticket_for(joint, browser), renew="true")) == "INVALID_TICKET"
    asked = come(browser, joint, renew="true")
    assert asked["Location"].startswith(f"{joint.home}sign-in/")
    ticket = location(sign_in_for(browser, asked))[1]["ticket"]
    assert "authenticationSuccess" in validate(joint, ticket, renew="true").json()["serviceResponse"]


def test_each_application_gets_its_own_people_alone() -> None:
    joint = make_joint()
    second = make_application(callback="http://127.0.0.1:9/second")
    binding = make_bound(joint.admin, second)
    browser = sign_in(joint)
    asked = {"service": second.callback}
    assert browser.get(f"{joint.home}cas/login", asked).status_code == 403
    authorise(binding, joint.member, admin=True)
    address, query = location(browser.get(f"{joint.home}cas/login", asked))
    assert address == second.callback
    told = validate(joint, query["ticket"], service=second.callback).json()["serviceResponse"]
    assert told["authenticationSuccess"]["attributes"]["role"] == "admin"


def test_only_the_request_that_a_password_answered_is_a_new_sign_in() -> None:
    """CAS 3.0 §2.5.1: ``isFromNewLogin`` and ``renew`` are about the ticket; the next service of the same browser, seconds later,
    is single sign-on."""
    joint = make_joint()
    browser = Browser()
    asked = come(browser, joint)
    first, second = location(sign_in_for(browser, asked))[1]["ticket"], ticket_for(joint, browser)
    told = [
        validate(joint, ticket).json()["serviceResponse"]["authenticationSuccess"]["attributes"]["isFromNewLogin"]
        for ticket in (first, second)
    ]
    assert told == [True, False]
    assert failure(validate(joint, ticket_for(joint, browser), renew="true")) == "INVALID_TICKET"


@pytest.mark.parametrize("renew", ["true", "TRUE", "1", "yes"])
def test_renew_asks_for_a_password_seconds_after_a_sign_in(renew: str) -> None:
    """CAS 3.0 §2.1.1: "single sign-on will be bypassed"; ``true`` is only the recommended value, and ``gateway`` yields."""
    joint = make_joint()
    browser = sign_in(joint)
    asked = come(browser, joint, renew=renew, gateway="true")
    assert asked["Location"].startswith(f"{joint.home}sign-in/")
    assert not ServiceTicket.objects.exists()
    address, query = location(sign_in_for(browser, asked))
    assert address == joint.client.callback
    assert "authenticationSuccess" in validate(joint, query["ticket"], renew=renew).json()["serviceResponse"]
    assert come(browser, joint, renew=renew, gateway="true")["Location"].startswith(f"{joint.home}sign-in/")
    assert "ticket" in location(come(browser, joint, renew="false"))[1]


def test_the_account_of_the_market_is_no_new_sign_in() -> None:
    """CAS 3.0 §2.1.1: a click without a password is single sign-on, and cannot answer ``renew``."""
    buyer = make_buyer()
    joint = make_joint(founder=buyer)
    authorise(joint.binding, joint.admin)
    browser = Browser()
    browser.force_login(buyer)
    following = f"{joint.home}cas/login?{urlencode({'service': joint.client.callback})}"
    done = browser.post(f"{joint.home}sign-in/account/", {"next": following})
    assert done["Location"] == following
    ticket = location(browser.get(following))[1]["ticket"]
    told = validate(joint, ticket).json()["serviceResponse"]["authenticationSuccess"]["attributes"]
    assert told["isFromNewLogin"] is False
    renewing = f"{following}&renew=true"
    page = browser.get(f"{joint.home}sign-in/", {"next": renewing})
    assert "sign-in/account/" not in page.content.decode()
    refused = browser.post(f"{joint.home}sign-in/account/", {"next": renewing})
    assert parse_qs(urlsplit(refused["Location"]).query)["next"] == [renewing]
    assert browser.get(renewing)["Location"].startswith(f"{joint.home}sign-in/")


@pytest.mark.parametrize("named", ["YAML", "yaml", "\0", " ", "jsonp"])
@pytest.mark.parametrize("path", [KIT, CAS_3, CAS_2])
def test_a_format_that_is_not_known_is_an_invalid_request(named: str, path: str) -> None:
    """CAS 3.0 §2.5: "an error code MUST be returned"; the ticket was not validated and stays good."""
    joint = make_joint()
    ticket = ticket_for(joint)
    answer = validate(joint, ticket, path, format=named)
    assert answer.status_code == 200
    assert "INVALID_REQUEST" in answer.content.decode()
    assert ServiceTicket.objects.get().used_at is None
    assert b"zhang01" in validate(joint, ticket, path).content


@pytest.mark.parametrize("path", [KIT, CAS_3, CAS_2, ORGID])
def test_nul_in_a_query_is_answered_in_the_words_of_cas(path: str) -> None:
    """CAS 3.0 §2.5.3: a program reads XML or JSON, not a page of the market."""
    joint = make_joint()
    ticket = ticket_for(joint)
    for more, code in (
        ({"ticket": "ST-\0"}, "INVALID_TICKET"),
        ({"ticket": ticket + "\0"}, "INVALID_TICKET"),
        ({"ticket": "\0"}, "INVALID_TICKET"),
        ({"service": joint.client.callback + "\0"}, "INVALID_SERVICE"),
    ):
        answer = Browser().get(
            path if path.startswith("/") else f"{joint.home}{path}",
            {"service": joint.client.callback, "ticket": ticket} | more,
        )
        assert (answer.status_code, code in answer.content.decode()) == (200, True), more
    login = sign_in(joint).get(f"{joint.home}cas/login", {"service": joint.client.callback + "\0"})
    assert (login.status_code, "UNAUTHORIZED_SERVICE" in login.content.decode()) == (400, True)
