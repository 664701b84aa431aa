"""``/Users``: read and change members of the enterprise with the same functions as the administrators' pages."""

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

from .calls import DirectoryCall, by_method, json_response, list_response, no_content
from .errors import ScimError, invalid_value, not_found
from .list_parameters import filter_of, range_of
from .operations import operations_of
from .person_data import CORE_SCHEMA, ENTERPRISE, Attributes, attributes_of, changes_of, name_from_attributes
from .places import Departments
from .projection import projection_of

FILTERS = {"username": "userName", "externalid": "externalId", "id": "id"}
NAME_PARTS = ("formatted", "familyName", "givenName")
"""Parts of ``name``, stored as the directory sends them beside the displayed name."""
HIDDEN_KEY = "hidden"
"""Key in ``Member.directory`` for attributes that a PATCH removed although every member has them. The directory does
not see them."""
HIDDEN_BY_PATH: Mapping[str, tuple[str, ...]] = {
    "displayName": ("displayName",), "name": NAME_PARTS, "active": ("active",), "department": ("department",),
}  # fmt: skip
_PROFILE = {"position": "title", "employee_code": "employeeNumber", "mobile": "mobile", "email": "email"}
"""SCIM names of the stored profile fields."""


def to_resource(member: Member, call: DirectoryCall, places: Departments) -> dict[str, object]:
    """Return a member as a SCIM resource."""
    profile, directory = stored_profile(member.profile), member.directory
    hidden_names = frozenset(directory.get(HIDDEN_KEY, "").split())
    names = {name: directory[name] for name in NAME_PARTS if directory.get(name)}
    extension: dict[str, object] = {
        "employeeNumber": profile.employee_code,
        "department": ""
        if "department" in hidden_names
        else directory.get("department") or places.path(member.department_id),
    }
    attributes: dict[str, object] = {
        "externalId": member.external_id,
        "displayName": member.name,
        "name": names or {"formatted": member.name},
        "active": member.enabled,
        "title": profile.position,
        "emails": [{"value": profile.email, "type": "work"}] if profile.email else None,
        "phoneNumbers": [{"value": profile.mobile, "type": "mobile"}] if profile.mobile else None,
        ENTERPRISE: {name: value for name, value in extension.items() if value},
    }
    return {
        "schemas": [CORE_SCHEMA, ENTERPRISE], "id": member.public_id, "userName": member.user_name,
        **{name: value for name, value in attributes.items() if value not in (None, "", {}) and name not in hidden_names},
        "meta": {
            "resourceType": "User", "created": member.joined_at.isoformat(), "location": call.address("Users", member.public_id),
        },
    }  # fmt: skip


def _list(call: DirectoryCall) -> HttpResponse:
    return _list_answer(call, call.asked())


def _search(call: DirectoryCall) -> HttpResponse:
    return _list_answer(call, call.searched())


def _list_answer(call: DirectoryCall, parameters: Mapping[str, str]) -> HttpResponse:
    page_range, criterion, projection = (
        range_of(parameters),
        filter_of(parameters.get("filter", ""), FILTERS),
        projection_of(parameters),
    )
    resources, total = list_users(call, criterion, first=page_range.start - 1, count=page_range.count)
    return list_response([projection.of(resource) for resource in resources], total=total, start=page_range.start)


def list_users(
    call: DirectoryCall, criterion: tuple[str, str] | None, *, first: int, count: int
) -> tuple[list[dict[str, object]], int]:
    """Return ``count`` users from number ``first`` (from 0), and the total."""
    rows, total = queries.members_by_number(
        call.enterprise, criterion and (_COLUMNS[criterion[0]], criterion[1].lower() if criterion[0] == "userName" else criterion[1]),
        first=first, count=count,
    )  # fmt: skip
    departments = Departments(call.enterprise)
    return [to_resource(member, call, departments) for member in rows], total


_COLUMNS = {"userName": "user_name", "externalId": "external_id", "id": "public_id"}


def _get(call: DirectoryCall, key: str) -> HttpResponse:
    return json_response(call.projection().of(to_resource(_get_member(call, key), call, Departments(call.enterprise))))


def _get_member(call: DirectoryCall, key: str) -> Member:
    member = queries.member_by_public_id(call.enterprise, key)
    if member is None:
        raise not_found("user")
    return member


def _add(call: DirectoryCall) -> HttpResponse:
    projection, attributes = call.projection(), attributes_of(call.body())
    user_name = attributes.get("userName")
    if not isinstance(user_name, str) or not user_name.strip():
        raise invalid_value("userName is missing.")
    departments = Departments(call.enterprise)
    with transaction.atomic():
        person = _resulting_person(attributes, None, departments, user_name=user_name.strip())
        member = members.add_without_password(
            call.enterprise,
            user_name,
            person,
            by=call.token,
            most=config().organisations.enterprise_members_most,
            now=call.now,
        )
        _set_active(member, attributes, call)
        member = _get_member(call, member.public_id)
    resource = projection.of(to_resource(member, call, departments))
    return json_response(resource, HTTPStatus.CREATED, location=call.address("Users", member.public_id))


def _replace(call: DirectoryCall, key: str) -> HttpResponse:
    """Replace a user. Missing values are removed (RFC 7644 §3.5.1), except the name and the department, which are
    required.

    ``active`` changes only if it is given.
    """
    attributes = {name: value for name, value in attributes_of(call.body()).items() if value is not None}
    missing_attributes: Attributes = dict.fromkeys(("externalId", *_PROFILE.values()))
    return _apply_changes(call, key, {**missing_attributes, **dict.fromkeys(NAME_PARTS, ""), **attributes})


def _patch(call: DirectoryCall, key: str) -> HttpResponse:
    return _apply_changes(call, key, changes_of(operations_of(call.body())))


def _apply_changes(call: DirectoryCall, key: str, attributes: Attributes) -> HttpResponse:
    projection, departments = call.projection(), Departments(call.enterprise)
    with transaction.atomic():
        call.hold()
        member = _get_member(call, key)
        _rename(member, attributes, call)
        members.change(
            member,
            _resulting_person(attributes, member, departments, user_name=member.user_name),
            by=call.token,
            now=call.now,
        )
        _set_active(member, attributes, call)
        member = _get_member(call, key)
    return json_response(projection.of(to_resource(member, call, departments)))


def _rename(member: Member, attributes: Attributes, call: DirectoryCall) -> None:
    """Change the account name, unless a seller already knows the person by it. Raises ``ScimError``."""
    user_name = attributes.get("userName", member.user_name)
    if isinstance(user_name, str) and user_name.strip().lower() == member.user_name:
        return
    if not isinstance(user_name, str) or not user_name.strip():
        raise invalid_value("userName is missing.")
    if is_known_to_sellers(member):
        words = "This account name can no longer change: the software of a seller knows the person by it."
        raise ScimError(words, kind="mutability")
    members.rename_account(member, user_name, by=call.token, now=call.now)


def _set_active(member: Member, attributes: Attributes, call: DirectoryCall) -> None:
    if attributes.get("active") is not None:
        switch = members.enable if attributes["active"] else members.disable
        switch(member, by=call.token, now=call.now)


def _remove(call: DirectoryCall, key: str) -> HttpResponse:
    members.remove(_get_member(call, key), by=call.token, now=call.now)
    return no_content()


def _resulting_person(
    attributes: Attributes, existing: Member | None, departments: Departments, *, user_name: str
) -> Person:
    """Return the resulting person. Missing values keep their state. Administrator rights change only on the pages."""
    before: Mapping[str, str] = existing.directory if existing else {}
    hidden = {
        name
        for name, parts in HIDDEN_BY_PATH.items()
        if all(
            attributes[part] is None if part in attributes else name in before.get(HIDDEN_KEY, "").split()
            for part in parts
        )
    }
    department = str(attributes.get("department") or "").strip()
    department_key = departments.find(department) if department else None
    names = {name: str(attributes[name] or "") if name in attributes else before.get(name, "") for name in NAME_PARTS}
    unknown = (
        (department if department_key is None else "") if "department" in attributes else before.get("department", "")
    )
    return Person(
        name=_name(attributes, names, existing) or user_name,
        department=department_key or (existing.department_id if existing else departments.for_newcomers(department)),
        directory={
            name: value
            for name, value in {**names, "department": unknown, HIDDEN_KEY: " ".join(sorted(hidden))}.items()
            if value
        },
        role=existing.role if existing else Member.Role.USER,
        profile=_profile(attributes, existing),
        external_id=str(attributes["externalId"] or "") if "externalId" in attributes else None,
    )


def _name(attributes: Attributes, names: Mapping[str, str], existing: Member | None) -> str:
    """Return ``displayName``, else the name from its parts if they changed and the current name came from the former
    parts."""
    if attributes.get("displayName"):
        return str(attributes["displayName"])
    current_name = existing.name if existing else ""
    former_name = (
        name_from_attributes({name: existing.directory.get(name, "") for name in NAME_PARTS}) if existing else ""
    )
    is_changed = any(name in attributes for name in NAME_PARTS) and any(names.values())
    if not is_changed or (former_name and current_name != former_name):
        return current_name
    return name_from_attributes({**names}, known="" if former_name else current_name)


def _profile(attributes: Attributes, existing: Member | None) -> Profile:
    """Return the resulting profile. Raises ``Refused`` for an invalid phone number or email address, or a too long
    value."""
    before = stored_profile(existing.profile) if existing else Profile()
    values = {name: str(attributes[key] or "") for name, key in _PROFILE.items() if key in attributes}
    parsed_profile = profile_of(values)
    return replace(before, **{name: getattr(parsed_profile, name) for name in values})


collection = by_method(GET=_list, POST=_add)
search = by_method(POST=_search)
detail = by_method(GET=_get, PUT=_replace, PATCH=_patch, DELETE=_remove)
