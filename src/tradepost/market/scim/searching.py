"""``/.search``: users and groups in one list, users first (RFC 7644 §3.4.2.1, §3.4.3)."""

from __future__ import annotations

from django.http import HttpResponse

from . import group_calls, user_calls
from .calls import DirectoryCall, by_method, list_response
from .list_parameters import filter_of, range_of
from .projection import projection_of

COMMON_FILTERS = {"externalid": "externalId", "id": "id"}


def _search(call: DirectoryCall) -> HttpResponse:
    parameters = call.searched()
    page_range, criterion, projection = (
        range_of(parameters),
        filter_of(parameters.get("filter", ""), COMMON_FILTERS),
        projection_of(parameters),
    )
    users, people = user_calls.list_users(call, criterion, first=page_range.start - 1, count=page_range.count)
    group_offset = max(0, page_range.start - 1 - people)
    groups, teams = group_calls.list_groups(call, criterion, first=group_offset, count=page_range.count - len(users))
    resources = [projection.of(resource) for resource in (*users, *groups)]
    return list_response(resources, total=people + teams, start=page_range.start)


everything = by_method(POST=_search)
