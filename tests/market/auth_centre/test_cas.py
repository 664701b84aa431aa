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
    service_response: dict[str, Any] = answer.json()["serviceResponse"]
    assert answer.status_code == 200
    assert list(service_response) == ["authenticationFailure"]
    return str(service_response["authenticationFailure"]["code"])


def test_ticket_names_the_member_in_json_or_xml() -> None:
    """B.9: ``format``, default JSON, and its attributes."""
    joint = make_joint()
    browser = Browser()
    ticket = location(sign_in_for(browser, come(browser, joint)))[1]["ticket"]
    success = validate(joint, ticket).json()["serviceResponse"]["authenticationSuccess"]
    assert success["user"] == "zhang01"
    attributes = success["attributes"]
    assert attributes.pop("authenticationDate").endswith("Z")
    assert attributes == {
        "longTermAuthenticationRequestTokenUsed": False, "isFromNewLogin": True, "role": "user", "organizationCode": "HQ",
        "name": "张三", "userName": "zhang01", "tenant": joint.enterprise.public_id,
    }  # fmt: skip
    xml = validate(joint, ticket_for(joint), format="XML")
    assert xml["Content-Type"].startswith("application/xml")
    assert b"<cas:user>zhang01</cas:user>" in xml.content


def test_roots_of_cas_answer_in_xml() -> None:
    """joint.md §9: python-cas sends no format and reads XML; CAS 2.0 has no attributes."""
    joint = make_joint()
    three, two = (validate(joint, ticket_for(joint), path).content.decode() for path in (CAS_3, CAS_2))
    assert "<cas:name>张三</cas:name>" in three
    assert "cas:attributes" not in two
    assert "<cas:user>zhang01</cas:user>" in two


def test_ticket_at_the_main_host_names_the_enterprise() -> None:
    """B.10: OrgID."""
    joint = make_joint()
    success = validate(joint, ticket_for(joint), ORGID).json()["serviceResponse"]["authenticationSuccess"]
    assert (success["user"], success["attributes"]["uid"]) == ("zhang01", joint.member.public_id)


def test_ticket_is_used_up_by_any_validation() -> None:
    """CAS 3.0 §3.1.1; joint.md §9: a validation for the wrong service uses the ticket up."""
    joint = make_joint()
    browser = sign_in(joint)
    ticket = ticket_for(joint, browser)
    assert validate(joint, ticket).json()["serviceResponse"].keys() == {"authenticationSuccess"}
    assert failure(validate(joint, ticket)) == "INVALID_TICKET"
    ticket = ticket_for(joint, browser)
    assert failure(validate(joint, ticket, service="http://127.0.0.1:9/other")) == "INVALID_SERVICE"
    assert failure(validate(joint, ticket)) == "INVALID_TICKET"


def test_foreign_expired_and_unknown_tickets_are_refused() -> None:
    joint, other_joint = make_joint(), make_joint()
    browser = sign_in(joint)
    assert failure(validate(other_joint, ticket_for(joint, browser))) == "INVALID_TICKET"
    expired_ticket = ticket_for(joint, browser)
    ServiceTicket.objects.update(expires_at=clock.wall())
    assert failure(validate(joint, expired_ticket)) == "INVALID_TICKET"
    assert failure(validate(joint, "ST-nobody")) == "INVALID_TICKET"
    assert failure(validate(joint, "")) == "INVALID_REQUEST"
    withdrawn = ticket_for(joint, browser)
    Authorisation.objects.update(wanted=False)
    assert failure(validate(joint, withdrawn)) == "INVALID_TICKET"
    assert withdrawn not in str(list(ServiceTicket.objects.values()))


def test_unregistered_service_gets_no_ticket() -> None:
    joint, other_joint = make_joint(), make_joint(callback="http://127.0.0.1:9/others")
    browser = sign_in(joint)
    for service in ("http://evil.example/", f"{joint.client.callback}/x", other_joint.client.callback):
        answer = browser.get(f"{joint.home}cas/login", {"service": service})
        assert (answer.status_code, "Location" in answer) == (400, False)
    assert not ServiceTicket.objects.exists()


def test_gateway_skips_the_sign_in_page() -> None:
    """CAS 3.0 §2.1.1: ``gateway``."""
    joint = make_joint()
    assert come(Browser(), joint)["Location"].startswith(f"{joint.home}sign-in/")
    assert come(Browser(), joint, gateway="true")["Location"] == joint.client.callback
    assert Browser().get(f"{joint.home}cas/login")["Location"] == joint.home


def test_renew_asks_for_a_new_sign_in() -> None:
    """CAS 3.0 §2.1.1: ``renew``."""
    joint = make_joint()
    browser = sign_in(joint)
    age_sign_ins(timedelta(minutes=5))
    assert failure(validate(joint, ticket_for(joint, browser), renew="true")) == "INVALID_TICKET"
    sign_in_page = come(browser, joint, renew="true")
    assert sign_in_page["Location"].startswith(f"{joint.home}sign-in/")
    ticket = location(sign_in_for(browser, sign_in_page))[1]["ticket"]
    assert "authenticationSuccess" in validate(joint, ticket, renew="true").json()["serviceResponse"]


def test_each_application_gets_only_its_own_people() -> None:
    joint = make_joint()
    second = make_application(callback="http://127.0.0.1:9/second")
    binding = make_bound(joint.admin, second)
    browser = sign_in(joint)
    service_query = {"service": second.callback}
    assert browser.get(f"{joint.home}cas/login", service_query).status_code == 403
    authorise(binding, joint.member, admin=True)
    address, query = location(browser.get(f"{joint.home}cas/login", service_query))
    assert address == second.callback
    service_response = validate(joint, query["ticket"], service=second.callback).json()["serviceResponse"]
    assert service_response["authenticationSuccess"]["attributes"]["role"] == "admin"


def test_only_the_request_with_a_password_is_a_new_sign_in() -> None:
    """CAS 3.0 §2.5.1: ``isFromNewLogin`` and ``renew`` describe the ticket. The next service in the same browser is
    single sign-on."""
    joint = make_joint()
    browser = Browser()
    sign_in_page = come(browser, joint)
    first, second = location(sign_in_for(browser, sign_in_page))[1]["ticket"], ticket_for(joint, browser)
    new_login_flags = [
        validate(joint, ticket).json()["serviceResponse"]["authenticationSuccess"]["attributes"]["isFromNewLogin"]
        for ticket in (first, second)
    ]
    assert new_login_flags == [True, False]
    assert failure(validate(joint, ticket_for(joint, browser), renew="true")) == "INVALID_TICKET"


@pytest.mark.parametrize("renew", ["true", "TRUE", "1", "yes"])
def test_renew_asks_for_a_password_right_after_a_sign_in(renew: str) -> None:
    """CAS 3.0 §2.1.1: "single sign-on will be bypassed"; ``true`` is only the recommended value, and ``gateway`` yields."""
    joint = make_joint()
    browser = sign_in(joint)
    sign_in_page = come(browser, joint, renew=renew, gateway="true")
    assert sign_in_page["Location"].startswith(f"{joint.home}sign-in/")
    assert not ServiceTicket.objects.exists()
    address, query = location(sign_in_for(browser, sign_in_page))
    assert address == joint.client.callback
    assert "authenticationSuccess" in validate(joint, query["ticket"], renew=renew).json()["serviceResponse"]
    assert come(browser, joint, renew=renew, gateway="true")["Location"].startswith(f"{joint.home}sign-in/")
    assert "ticket" in location(come(browser, joint, renew="false"))[1]


def test_market_account_is_not_a_new_sign_in() -> None:
    """CAS 3.0 §2.1.1: a click without a password is single sign-on, and cannot answer ``renew``."""
    buyer = make_buyer()
    joint = make_joint(founder=buyer)
    authorise(joint.binding, joint.admin)
    browser = Browser()
    browser.force_login(buyer)
    following = f"{joint.home}cas/login?{urlencode({'service': joint.client.callback})}"
    response = browser.post(f"{joint.home}sign-in/account/", {"next": following})
    assert response["Location"] == following
    ticket = location(browser.get(following))[1]["ticket"]
    attributes = validate(joint, ticket).json()["serviceResponse"]["authenticationSuccess"]["attributes"]
    assert attributes["isFromNewLogin"] is False
    renewing = f"{following}&renew=true"
    page = browser.get(f"{joint.home}sign-in/", {"next": renewing})
    assert "sign-in/account/" not in page.content.decode()
    refused = browser.post(f"{joint.home}sign-in/account/", {"next": renewing})
    assert parse_qs(urlsplit(refused["Location"]).query)["next"] == [renewing]
    assert browser.get(renewing)["Location"].startswith(f"{joint.home}sign-in/")


@pytest.mark.parametrize("named", ["YAML", "yaml", "\0", " ", "jsonp"])
@pytest.mark.parametrize("path", [KIT, CAS_3, CAS_2])
def test_unknown_format_is_an_invalid_request(named: str, path: str) -> None:
    """CAS 3.0 §2.5: "an error code MUST be returned"; the ticket was not validated and stays valid."""
    joint = make_joint()
    ticket = ticket_for(joint)
    answer = validate(joint, ticket, path, format=named)
    assert answer.status_code == 200
    assert "INVALID_REQUEST" in answer.content.decode()
    assert ServiceTicket.objects.get().used_at is None
    assert b"zhang01" in validate(joint, ticket, path).content


@pytest.mark.parametrize("path", [KIT, CAS_3, CAS_2, ORGID])
def test_nul_in_a_query_is_a_cas_error(path: str) -> None:
    """CAS 3.0 §2.5.3: a program reads XML or JSON, not a web page."""
    joint = make_joint()
    ticket = ticket_for(joint)
    for extra_query, code in (
        ({"ticket": "ST-\0"}, "INVALID_TICKET"),
        ({"ticket": ticket + "\0"}, "INVALID_TICKET"),
        ({"ticket": "\0"}, "INVALID_TICKET"),
        ({"service": joint.client.callback + "\0"}, "INVALID_SERVICE"),
    ):
        answer = Browser().get(
            path if path.startswith("/") else f"{joint.home}{path}",
            {"service": joint.client.callback, "ticket": ticket} | extra_query,
        )
        assert (answer.status_code, code in answer.content.decode()) == (200, True), extra_query
    login = sign_in(joint).get(f"{joint.home}cas/login", {"service": joint.client.callback + "\0"})
    assert (login.status_code, "UNAUTHORIZED_SERVICE" in login.content.decode()) == (400, True)
