"""``/Groups``: groups of the enterprise, read and written by the verbs that its administrators' pages call."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from itertools import batched
from typing import Any

from django.db import transaction
from django.http import HttpResponse

from tradepost.market.base.config import config
from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import groups, queries
from tradepost.market.organisations.models import Group

from .asked import filter_of, part_of
from .calls import Call, by_method, done, listed, told
from .errors import ScimError, no_such, wrong_value
from .operations import Operation, operations_of
from .projection import GROUP, projection_of

FILTERS = {"displayname": "displayName", "externalid": "externalId", "id": "id"}
MOST_CHANGED = 5_000
"""Members that one call puts in or takes out: they are changed in one transaction, which holds the enterprise."""
_ONE_MEMBER = re.compile(r'members\[\s*value\s+eq\s+"([^"\\]{1,100})"\s*\]', re.IGNORECASE)


def _shown(one: Group, call: Call) -> dict[str, object]:
    known = {"externalId": one.external_id} if one.external_id else {}
    return {
        "schemas": [GROUP], "id": str(one.pk), **known, "displayName": one.name,
        "meta": {
            "resourceType": "Group", "created": one.created_at.isoformat(), "location": call.address("Groups", one.pk),
        },
    }  # fmt: skip


def _with_members(one: Group, call: Call) -> dict[str, object]:
    inside = [
        {"value": key, "display": name, "$ref": call.address("Users", key)}
        for key, name in queries.public_ids_in(one)
    ]  # fmt: skip
    return {**_shown(one, call), "members": inside}


def _list(call: Call) -> HttpResponse:
    return _listed(call, call.asked())


def _search(call: Call) -> HttpResponse:
    return _listed(call, call.searched())


def _listed(call: Call, asked: Mapping[str, str]) -> HttpResponse:
    part, wanted, projection = part_of(asked), filter_of(asked.get("filter", ""), FILTERS), projection_of(asked)
    found, total = part_of_groups(call, wanted, first=part.start - 1, count=part.count)
    return listed([projection.of(one) for one in found], total=total, start=part.start)


def part_of_groups(
    call: Call, wanted: tuple[str, str] | None, *, first: int, count: int
) -> tuple[list[dict[str, object]], int]:
    """As ``part_of_users``. Without their members, who may be many thousands in each."""
    found = sorted(
        (one for one in queries.groups_of(call.enterprise) if _is_wanted(one, wanted)), key=lambda one: one.pk
    )
    return [_shown(one, call) for one in found[first : first + count]], len(found)


def _is_wanted(one: Group, wanted: tuple[str, str] | None) -> bool:
    if wanted is None:
        return True
    name, value = wanted
    if name == "displayName":
        return one.name.casefold() == value.casefold()
    return value == (one.external_id if name == "externalId" else str(one.pk))


def _get(call: Call, key: str) -> HttpResponse:
    one, projection = _found(call, key), call.projection()
    return told(projection.of(_with_members(one, call) if projection.has("members") else _shown(one, call)))


def _found(call: Call, key: str) -> Group:
    number = whole_number(key)
    one = None if number is None else queries.find_group(call.enterprise, number)
    if one is None:
        raise no_such("group")
    return one


def _add(call: Call) -> HttpResponse:
    projection, body = call.projection(), _read(call.body())
    with transaction.atomic():
        one = groups.add(
            call.enterprise, _text(body.get("displayname"), "displayName"), by=call.token,
            most=config().enterprise_groups_most, external_id=_text(body.get("externalid") or "", "externalId"), now=call.now,
        )  # fmt: skip
        _fill(one, _keys(body.get("members"), call), call)
        made = projection.of(_with_members(one, call))
    return told(made, HTTPStatus.CREATED, location=call.address("Groups", one.pk))


def _replace(call: Call, key: str) -> HttpResponse:
    projection, body = call.projection(), _read(call.body())
    with transaction.atomic():
        call.hold()
        one = _found(call, key)
        _name(one, _text(body.get("displayname"), "displayName"), call)
        groups.name_outside(one, _text(body.get("externalid") or "", "externalId"), by=call.token, now=call.now)
        _only(one, _keys(body.get("members"), call), call)
        made = projection.of(_with_members(_found(call, key), call))
    return told(made)


def _patch(call: Call, key: str) -> HttpResponse:
    """All of its operations, or none."""
    operations = operations_of(call.body())
    with transaction.atomic():
        call.hold()
        one = _found(call, key)
        for each in operations:
            _apply(one, each, call)
    return done()


def _apply(one: Group, each: Operation, call: Call) -> None:
    if not each.path:
        for name, value in each.value.items():
            _apply(one, Operation(each.op, name, value), call)
        return
    path = each.path.removeprefix(f"{GROUP}:")
    if found := _ONE_MEMBER.fullmatch(path):
        if each.op != "remove":
            raise ScimError("A path to one member is for removing it.", kind="invalidPath")
        _take(one, _there([found[1]], call), call)
        return
    match path.lower():
        case "members":
            _members(one, each, call)
        case "displayname" if each.op != "remove":
            _name(one, _text(each.value, "displayName"), call)
        case "externalid":
            text = _text("" if each.op == "remove" else each.value, "externalId")
            groups.name_outside(one, text, by=call.token, now=call.now)
        case "id" | "schemas" | "meta":
            pass  # sent along by some, and no one's to change
        case _:
            raise ScimError("A group has displayName, externalId and members.", kind="invalidPath")


def _members(one: Group, each: Operation, call: Call) -> None:
    if each.op == "add":
        _fill(one, _keys(each.value, call), call)
    elif each.op == "replace":
        _only(one, _keys(each.value, call), call)
    elif each.value:  # Entra ID names whom to remove beside the path
        _take(one, _there(_ids(each.value), call), call)
    else:
        _only(one, [], call)


def _name(one: Group, name: str, call: Call) -> None:
    groups.rename(one, name, by=call.token, now=call.now)


def _only(one: Group, wanted: Collection[int], call: Call) -> None:
    there = queries.keys_in(one)
    _take(one, sorted(there - set(wanted)), call)
    _fill(one, sorted(set(wanted) - there), call)


def _fill(one: Group, keys: Collection[int], call: Call) -> None:
    for some in _in_parts(keys):
        groups.put_in(one, some, by=call.token, now=call.now)


def _take(one: Group, keys: Collection[int], call: Call) -> None:
    for some in _in_parts(keys):
        groups.take_out(one, some, by=call.token, now=call.now)


def _in_parts(keys: Collection[int]) -> Iterable[tuple[int, ...]]:
    if len(keys) > MOST_CHANGED:
        words = f"One call changes at most {MOST_CHANGED} members of a group. Send several."
        raise ScimError(words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, kind="tooMany")
    return batched(keys, groups.MOST_AT_ONCE)


def _keys(given: Any, call: Call) -> list[int]:
    """Raises ``ScimError`` for one who is no member."""
    ids = _ids(given)
    known = queries.by_public_ids(call.enterprise, ids)
    unknown = [one for one in ids if one not in known]
    if unknown:
        raise wrong_value(f'No user of this enterprise has the id "{unknown[0][:64]}".')
    return sorted(known.values())


def _there(ids: list[str], call: Call) -> list[int]:
    """Of whom to take out those that there are: nobody else is in it."""
    return sorted(queries.by_public_ids(call.enterprise, ids).values())


def _ids(given: Any) -> list[str]:
    values = [] if given is None else given if isinstance(given, list) else [given]
    if len(values) > MOST_CHANGED:
        raise ScimError(f"At most {MOST_CHANGED} members at once.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, kind="tooMany")
    ids = [one.get("value") if isinstance(one, dict) else one for one in values]
    if not all(isinstance(one, str) and one for one in ids):
        raise wrong_value("members is a list of objects with the id of a user as value.")
    return list(dict.fromkeys(str(one) for one in ids))


def _read(body: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in body.items()}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise wrong_value(f"{name} is a text.")
    return value


def _remove(call: Call, key: str) -> HttpResponse:
    groups.remove(_found(call, key), by=call.token, now=call.now)
    return done()


many = by_method(GET=_list, POST=_add)
search = by_method(POST=_search)
one = by_method(GET=_get, PUT=_replace, PATCH=_patch, DELETE=_remove)
