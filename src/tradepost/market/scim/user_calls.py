"""``/Users``: members of the enterprise, read and written by the verbs that its administrators' pages call."""

from __future__ import annotations

from http import HTTPStatus

from django.db import transaction
from django.http import HttpResponse

from tradepost.market.base.config import config
from tradepost.market.base.values import replace
from tradepost.market.organisations import members, queries
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Member
from tradepost.market.organisations.profile import Profile, profile_of, stored_profile

from .asked import filter_of, part_of
from .calls import Call, by_method, done, listed, told
from .errors import ScimError, no_such, wrong_value
from .operations import operations_of
from .places import Places
from .said import CORE, ENTERPRISE, Said, name_of, of_operations, of_resource

FILTERS = {"username": "userName", "externalid": "externalId", "id": "id"}
_PROFILE = {"position": "title", "employee_code": "employeeNumber", "mobile": "mobile", "email": "email"}
"""What is kept of the market's profile, by its name here."""


def shown(one: Member, call: Call, places: Places) -> dict[str, object]:
    """What is known of a member, in SCIM's form."""
    known = stored_profile(one.profile)
    more: dict[str, object] = {"employeeNumber": known.employee_code, "department": places.path(one.department_id)}
    given: dict[str, object] = {
        "externalId": one.external_id,
        "title": known.position,
        "emails": [{"value": known.email, "type": "work", "primary": True}] if known.email else None,
        "phoneNumbers": [{"value": known.mobile, "type": "mobile"}] if known.mobile else None,
    }
    return {
        "schemas": [CORE, ENTERPRISE], "id": one.public_id, "userName": one.user_name, "displayName": one.name,
        "name": {"formatted": one.name}, "active": one.enabled,
        **{name: value for name, value in given.items() if value},
        ENTERPRISE: {name: value for name, value in more.items() if value},
        "meta": {
            "resourceType": "User", "created": one.joined_at.isoformat(), "location": call.address("Users", one.public_id),
        },
    }  # fmt: skip


def _list(call: Call) -> HttpResponse:
    asked = call.asked()
    part, wanted = part_of(asked), filter_of(asked.get("filter", ""), FILTERS)
    found, total = queries.members_by_number(
        call.enterprise, wanted and (_COLUMNS[wanted[0]], wanted[1].lower() if wanted[0] == "userName" else wanted[1]),
        first=part.start - 1, count=part.count,
    )  # fmt: skip
    places = Places(call.enterprise)
    return listed([shown(one, call, places) for one in found], total=total, start=part.start)


_COLUMNS = {"userName": "user_name", "externalId": "external_id", "id": "public_id"}


def _get(call: Call, key: str) -> HttpResponse:
    return told(shown(_found(call, key), call, Places(call.enterprise)))


def _found(call: Call, key: str) -> Member:
    one = queries.member_by_public_id(call.enterprise, key)
    if one is None:
        raise no_such("user")
    return one


def _add(call: Call) -> HttpResponse:
    said = of_resource(call.body())
    user_name = said.get("userName")
    if not isinstance(user_name, str) or not user_name.strip():
        raise wrong_value("userName is missing.")
    places = Places(call.enterprise)
    with transaction.atomic():
        person = _person(said, None, places, user_name=user_name.strip())
        one = members.add_without_password(
            call.enterprise, user_name, person, by=call.token, most=config().enterprise_members_most, now=call.now
        )
        _switch(one, said, call)
        one = _found(call, one.public_id)
    return told(shown(one, call, places), HTTPStatus.CREATED, location=call.address("Users", one.public_id))


def _replace(call: Call, key: str) -> HttpResponse:
    """What is not said is known no more (RFC 7644 §3.5.1), but for what everybody has: a name and a department. Whether they may
    sign in is changed where it is said alone."""
    said = of_resource(call.body())
    missing: Said = dict.fromkeys(("externalId", *_PROFILE.values()))
    return _changed(call, key, missing | said)


def _patch(call: Call, key: str) -> HttpResponse:
    return _changed(call, key, of_operations(operations_of(call.body())))


def _changed(call: Call, key: str, said: Said) -> HttpResponse:
    places = Places(call.enterprise)
    with transaction.atomic():
        call.hold()
        one = _found(call, key)
        user_name = said.get("userName", one.user_name)
        if not isinstance(user_name, str) or user_name.strip().lower() != one.user_name:
            words = "An account name is never changed: sellers know the person by it."
            raise ScimError(words, kind="mutability")
        members.change(one, _person(said, one, places, user_name=one.user_name), by=call.token, now=call.now)
        _switch(one, said, call)
        one = _found(call, key)
    return told(shown(one, call, places))


def _switch(one: Member, said: Said, call: Call) -> None:
    if said.get("active") is not None:
        switch = members.enable if said["active"] else members.disable
        switch(one, by=call.token, now=call.now)


def _remove(call: Call, key: str) -> HttpResponse:
    members.remove(_found(call, key), by=call.token, now=call.now)
    return done()


def _person(said: Said, standing: Member | None, places: Places, *, user_name: str) -> Person:
    """What stands goes on where nothing is said. Rights of administrators are given and taken on the pages alone."""
    department = said.get("department")
    if isinstance(department, str) and department.strip():
        place = places.find(department)
    else:
        place = standing.department_id if standing else places.for_newcomers()
    return Person(
        name=name_of(said, known=standing.name if standing else "") or user_name,
        department=place,
        role=standing.role if standing else Member.Role.USER,
        profile=_profile(said, standing),
        external_id=str(said["externalId"] or "") if "externalId" in said else None,
    )


def _profile(said: Said, standing: Member | None) -> Profile:
    """Raises ``Refused`` for what is no telephone number, no e-mail address, or too long."""
    before = stored_profile(standing.profile) if standing else Profile()
    given = {name: str(said[key] or "") for name, key in _PROFILE.items() if key in said}
    read = profile_of(given)
    return replace(before, **{name: getattr(read, name) for name in given})


many = by_method(GET=_list, POST=_add)
one = by_method(GET=_get, PUT=_replace, PATCH=_patch, DELETE=_remove)
