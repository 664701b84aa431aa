"""``/Groups``: read and change groups of the enterprise with the same functions as the administrators' pages."""

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

from .calls import DirectoryCall, by_method, json_response, list_response, no_content
from .errors import ScimError, invalid_value, not_found
from .list_parameters import filter_of, range_of
from .operations import Operation, operations_of
from .projection import GROUP, projection_of

FILTERS = {"displayname": "displayName", "externalid": "externalId", "id": "id"}
MAX_CHANGES = 5_000
"""Maximum number of members that one call adds or removes. They change in one transaction, which locks the
enterprise."""
_MEMBER_PATH = re.compile(r'members\[\s*value\s+eq\s+"([^"\\]{1,100})"\s*\]', re.IGNORECASE)


def _group_resource(group: Group, call: DirectoryCall) -> dict[str, object]:
    external = {"externalId": group.external_id} if group.external_id else {}
    return {
        "schemas": [GROUP], "id": str(group.pk), **external, "displayName": group.name,
        "meta": {
            "resourceType": "Group", "created": group.created_at.isoformat(), "location": call.address("Groups", group.pk),
        },
    }  # fmt: skip


def _with_members(group: Group, call: DirectoryCall) -> dict[str, object]:
    member_values = [
        {"value": key, "display": name, "$ref": call.address("Users", key)}
        for key, name in queries.public_ids_in(group)
    ]  # fmt: skip
    return {**_group_resource(group, call), "members": member_values}


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
    resources, total = list_groups(call, criterion, first=page_range.start - 1, count=page_range.count)
    return list_response([projection.of(resource) for resource in resources], total=total, start=page_range.start)


def list_groups(
    call: DirectoryCall, criterion: tuple[str, str] | None, *, first: int, count: int
) -> tuple[list[dict[str, object]], int]:
    """Return a range of groups and the total, like ``list_users``. Members are left out, since groups may be
    large."""
    matching = sorted(
        (group for group in queries.groups_of(call.enterprise) if _matches(group, criterion)),
        key=lambda group: group.pk,
    )
    return [_group_resource(group, call) for group in matching[first : first + count]], len(matching)


def _matches(group: Group, criterion: tuple[str, str] | None) -> bool:
    if criterion is None:
        return True
    name, value = criterion
    if name == "displayName":
        return group.name.casefold() == value.casefold()
    return value == (group.external_id if name == "externalId" else str(group.pk))


def _get(call: DirectoryCall, key: str) -> HttpResponse:
    group, projection = _get_group(call, key), call.projection()
    return json_response(
        projection.of(_with_members(group, call) if projection.has("members") else _group_resource(group, call))
    )


def _get_group(call: DirectoryCall, key: str) -> Group:
    number = whole_number(key)
    group = None if number is None else queries.find_group(call.enterprise, number)
    if group is None:
        raise not_found("group")
    return group


def _add(call: DirectoryCall) -> HttpResponse:
    projection, body = call.projection(), _lower_names(call.body())
    with transaction.atomic():
        group = groups.add(
            call.enterprise, _text(body.get("displayname"), "displayName"), by=call.token,
            most=config().organisations.enterprise_groups_most, external_id=_text(body.get("externalid") or "", "externalId"), now=call.now,
        )  # fmt: skip
        _add_members(group, _member_keys(body.get("members"), call), call)
        resource = projection.of(_with_members(group, call))
    return json_response(resource, HTTPStatus.CREATED, location=call.address("Groups", group.pk))


def _replace(call: DirectoryCall, key: str) -> HttpResponse:
    projection, body = call.projection(), _lower_names(call.body())
    with transaction.atomic():
        call.hold()
        group = _get_group(call, key)
        _rename(group, _text(body.get("displayname"), "displayName"), call)
        groups.set_external_id(group, _text(body.get("externalid") or "", "externalId"), by=call.token, now=call.now)
        _set_members(group, _member_keys(body.get("members"), call), call)
        resource = projection.of(_with_members(_get_group(call, key), call))
    return json_response(resource)


def _patch(call: DirectoryCall, key: str) -> HttpResponse:
    """Apply all operations, or none."""
    operations = operations_of(call.body())
    with transaction.atomic():
        call.hold()
        group = _get_group(call, key)
        for operation in operations:
            _apply(group, operation, call)
    return no_content()


def _apply(group: Group, operation: Operation, call: DirectoryCall) -> None:
    if not operation.path:
        for name, value in operation.value.items():
            _apply(group, Operation(operation.op, name, value), call)
        return
    path = operation.path.removeprefix(f"{GROUP}:")
    if match := _MEMBER_PATH.fullmatch(path):
        if operation.op != "remove":
            raise ScimError("A path to one member is for removing it.", kind="invalidPath")
        _remove_members(group, _existing_keys([match[1]], call), call)
        return
    match path.lower():
        case "members":
            _change_members(group, operation, call)
        case "displayname" if operation.op != "remove":
            _rename(group, _text(operation.value, "displayName"), call)
        case "externalid":
            text = _text("" if operation.op == "remove" else operation.value, "externalId")
            groups.set_external_id(group, text, by=call.token, now=call.now)
        case "id" | "schemas" | "meta":
            pass  # sent by some directories and read-only
        case _:
            raise ScimError("A group has displayName, externalId and members.", kind="invalidPath")


def _change_members(group: Group, operation: Operation, call: DirectoryCall) -> None:
    if operation.op == "add":
        _add_members(group, _member_keys(operation.value, call), call)
    elif operation.op == "replace":
        _set_members(group, _member_keys(operation.value, call), call)
    elif operation.value:  # Entra ID names the members to remove in the value, not in the path
        _remove_members(group, _existing_keys(_member_ids(operation.value), call), call)
    else:
        _set_members(group, [], call)


def _rename(group: Group, name: str, call: DirectoryCall) -> None:
    groups.rename(group, name, by=call.token, now=call.now)


def _set_members(group: Group, member_keys: Collection[int], call: DirectoryCall) -> None:
    current_keys = queries.member_keys_of(group)
    _remove_members(group, sorted(current_keys - set(member_keys)), call)
    _add_members(group, sorted(set(member_keys) - current_keys), call)


def _add_members(group: Group, keys: Collection[int], call: DirectoryCall) -> None:
    for batch in _member_batches(keys):
        groups.add_members(group, batch, by=call.token, now=call.now)


def _remove_members(group: Group, keys: Collection[int], call: DirectoryCall) -> None:
    for batch in _member_batches(keys):
        groups.remove_members(group, batch, by=call.token, now=call.now)


def _member_batches(keys: Collection[int]) -> Iterable[tuple[int, ...]]:
    if len(keys) > MAX_CHANGES:
        words = f"One call changes at most {MAX_CHANGES} members of a group. Send several."
        raise ScimError(words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, kind="tooMany")
    return batched(keys, groups.MAX_BATCH)


def _member_keys(value: Any, call: DirectoryCall) -> list[int]:
    """Return the primary keys. Raises ``ScimError`` for a person who is not a member."""
    ids = _member_ids(value)
    by_public_id = queries.by_public_ids(call.enterprise, ids)
    unknown_ids = [public_id for public_id in ids if public_id not in by_public_id]
    if unknown_ids:
        raise invalid_value(f'No user of this enterprise has the id "{unknown_ids[0][:64]}".')
    return sorted(by_public_id.values())


def _existing_keys(ids: list[str], call: DirectoryCall) -> list[int]:
    """Return the primary keys of existing users. Unknown ids need no removal."""
    return sorted(queries.by_public_ids(call.enterprise, ids).values())


def _member_ids(value: Any) -> list[str]:
    values = [] if value is None else value if isinstance(value, list) else [value]
    if len(values) > MAX_CHANGES:
        raise ScimError(f"At most {MAX_CHANGES} members at once.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, kind="tooMany")
    ids = [item.get("value") if isinstance(item, dict) else item for item in values]
    if not all(isinstance(item, str) and item for item in ids):
        raise invalid_value("members is a list of objects with the id of a user as value.")
    return list(dict.fromkeys(str(item) for item in ids))


def _lower_names(body: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in body.items()}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise invalid_value(f"{name} is a text.")
    return value


def _remove(call: DirectoryCall, key: str) -> HttpResponse:
    groups.remove(_get_group(call, key), by=call.token, now=call.now)
    return no_content()


collection = by_method(GET=_list, POST=_add)
search = by_method(POST=_search)
detail = by_method(GET=_get, PUT=_replace, PATCH=_patch, DELETE=_remove)
