"""``/Users``: members of the enterprise, read and written by the verbs that its administrators' pages call."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.db import transaction
from django.http import HttpResponse

from tradepost.market.applications.people import is_known_to_sellers
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
from .projection import projection_of
from .said import CORE, ENTERPRISE, Said, name_of, of_operations, of_resource

FILTERS = {"username": "userName", "externalid": "externalId", "id": "id"}
NAMES = ("formatted", "familyName", "givenName")
"""Parts of ``name``, kept as the directory gives them beside the name that the market shows."""
HIDDEN = "hidden"
"""Names in ``Member.directory`` of what a PATCH removed and every member has all the same: the directory no longer sees it."""
HIDES: Mapping[str, tuple[str, ...]] = {
    "displayName": ("displayName",), "name": NAMES, "active": ("active",), "department": ("department",),
}  # fmt: skip
_PROFILE = {"position": "title", "employee_code": "employeeNumber", "mobile": "mobile", "email": "email"}
"""What is kept of the market's profile, by its name here."""


def shown(one: Member, call: Call, places: Places) -> dict[str, object]:
    """What is known of a member, in SCIM's form."""
    known, kept = stored_profile(one.profile), one.directory
    hidden = frozenset(kept.get(HIDDEN, "").split())
    names = {name: kept[name] for name in NAMES if kept.get(name)}
    more: dict[str, object] = {
        "employeeNumber": known.employee_code,
        "department": "" if "department" in hidden else kept.get("department") or places.path(one.department_id),
    }
    given: dict[str, object] = {
        "externalId": one.external_id,
        "displayName": one.name,
        "name": names or {"formatted": one.name},
        "active": one.enabled,
        "title": known.position,
        "emails": [{"value": known.email, "type": "work"}] if known.email else None,
        "phoneNumbers": [{"value": known.mobile, "type": "mobile"}] if known.mobile else None,
        ENTERPRISE: {name: value for name, value in more.items() if value},
    }
    return {
        "schemas": [CORE, ENTERPRISE], "id": one.public_id, "userName": one.user_name,
        **{name: value for name, value in given.items() if value not in (None, "", {}) and name not in hidden},
        "meta": {
            "resourceType": "User", "created": one.joined_at.isoformat(), "location": call.address("Users", one.public_id),
        },
    }  # fmt: skip


def _list(call: Call) -> HttpResponse:
    return _listed(call, call.asked())


def _search(call: Call) -> HttpResponse:
    return _listed(call, call.searched())


def _listed(call: Call, asked: Mapping[str, str]) -> HttpResponse:
    part, wanted, projection = part_of(asked), filter_of(asked.get("filter", ""), FILTERS), projection_of(asked)
    found, total = part_of_users(call, wanted, first=part.start - 1, count=part.count)
    return listed([projection.of(one) for one in found], total=total, start=part.start)


def part_of_users(
    call: Call, wanted: tuple[str, str] | None, *, first: int, count: int
) -> tuple[list[dict[str, object]], int]:
    """``count`` users from the one with number ``first``, from 0; and how many there are."""
    found, total = queries.members_by_number(
        call.enterprise, wanted and (_COLUMNS[wanted[0]], wanted[1].lower() if wanted[0] == "userName" else wanted[1]),
        first=first, count=count,
    )  # fmt: skip
    places = Places(call.enterprise)
    return [shown(one, call, places) for one in found], total


_COLUMNS = {"userName": "user_name", "externalId": "external_id", "id": "public_id"}


def _get(call: Call, key: str) -> HttpResponse:
    return told(call.projection().of(shown(_found(call, key), call, Places(call.enterprise))))


def _found(call: Call, key: str) -> Member:
    one = queries.member_by_public_id(call.enterprise, key)
    if one is None:
        raise no_such("user")
    return one


def _add(call: Call) -> HttpResponse:
    projection, said = call.projection(), of_resource(call.body())
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
    made = projection.of(shown(one, call, places))
    return told(made, HTTPStatus.CREATED, location=call.address("Users", one.public_id))


def _replace(call: Call, key: str) -> HttpResponse:
    """What is not said is known no more (RFC 7644 §3.5.1), but for what everybody has: a name and a department. Whether they may
    sign in is changed where it is said alone."""
    said = {name: value for name, value in of_resource(call.body()).items() if value is not None}
    missing: Said = dict.fromkeys(("externalId", *_PROFILE.values()))
    return _changed(call, key, {**missing, **dict.fromkeys(NAMES, ""), **said})


def _patch(call: Call, key: str) -> HttpResponse:
    return _changed(call, key, of_operations(operations_of(call.body())))


def _changed(call: Call, key: str, said: Said) -> HttpResponse:
    projection, places = call.projection(), Places(call.enterprise)
    with transaction.atomic():
        call.hold()
        one = _found(call, key)
        _rename(one, said, call)
        members.change(one, _person(said, one, places, user_name=one.user_name), by=call.token, now=call.now)
        _switch(one, said, call)
        one = _found(call, key)
    return told(projection.of(shown(one, call, places)))


def _rename(one: Member, said: Said, call: Call) -> None:
    """Change the account name until a seller knows the person by it. Raises ``ScimError``."""
    user_name = said.get("userName", one.user_name)
    if isinstance(user_name, str) and user_name.strip().lower() == one.user_name:
        return
    if not isinstance(user_name, str) or not user_name.strip():
        raise wrong_value("userName is missing.")
    if is_known_to_sellers(one):
        words = "This account name can no longer change: the software of a seller knows the person by it."
        raise ScimError(words, kind="mutability")
    members.rename_account(one, user_name, by=call.token, now=call.now)


def _switch(one: Member, said: Said, call: Call) -> None:
    if said.get("active") is not None:
        switch = members.enable if said["active"] else members.disable
        switch(one, by=call.token, now=call.now)


def _remove(call: Call, key: str) -> HttpResponse:
    members.remove(_found(call, key), by=call.token, now=call.now)
    return done()


def _person(said: Said, standing: Member | None, places: Places, *, user_name: str) -> Person:
    """What stands goes on where nothing is said. Rights of administrators are given and taken on the pages alone."""
    before: Mapping[str, str] = standing.directory if standing else {}
    hidden = {
        shown
        for shown, parts in HIDES.items()
        if all(said[part] is None if part in said else shown in before.get(HIDDEN, "").split() for part in parts)
    }
    department = str(said.get("department") or "").strip()
    place = places.find(department) if department else None
    names = {name: str(said[name] or "") if name in said else before.get(name, "") for name in NAMES}
    unknown = (department if place is None else "") if "department" in said else before.get("department", "")
    return Person(
        name=_name(said, names, standing) or user_name,
        department=place or (standing.department_id if standing else places.for_newcomers(department)),
        directory={
            name: value
            for name, value in {**names, "department": unknown, HIDDEN: " ".join(sorted(hidden))}.items()
            if value
        },
        role=standing.role if standing else Member.Role.USER,
        profile=_profile(said, standing),
        external_id=str(said["externalId"] or "") if "externalId" in said else None,
    )


def _name(said: Said, names: Mapping[str, str], standing: Member | None) -> str:
    """``displayName``; else the name of its parts, where they changed and the market's name was of the former ones."""
    if said.get("displayName"):
        return str(said["displayName"])
    known = standing.name if standing else ""
    former = name_of({name: standing.directory.get(name, "") for name in NAMES}) if standing else ""
    changed = any(name in said for name in NAMES) and any(names.values())
    if not changed or (former and known != former):
        return known
    return name_of({**names}, known="" if former else known)


def _profile(said: Said, standing: Member | None) -> Profile:
    """Raises ``Refused`` for what is no telephone number, no e-mail address, or too long."""
    before = stored_profile(standing.profile) if standing else Profile()
    given = {name: str(said[key] or "") for name, key in _PROFILE.items() if key in said}
    read = profile_of(given)
    return replace(before, **{name: getattr(read, name) for name in given})


many = by_method(GET=_list, POST=_add)
search = by_method(POST=_search)
one = by_method(GET=_get, PUT=_replace, PATCH=_patch, DELETE=_remove)
