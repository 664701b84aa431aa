"""``/.search``: users and groups in one list, the users first (RFC 7644 §3.4.2.1, §3.4.3)."""

from __future__ import annotations

from django.http import HttpResponse

from . import group_calls, user_calls
from .asked import filter_of, part_of
from .calls import Call, by_method, listed
from .projection import projection_of

OF_BOTH = {"externalid": "externalId", "id": "id"}


def _search(call: Call) -> HttpResponse:
    asked = call.searched()
    part, wanted, shown = part_of(asked), filter_of(asked.get("filter", ""), OF_BOTH), projection_of(asked)
    users, people = user_calls.part_of_users(call, wanted, first=part.start - 1, count=part.count)
    rest = max(0, part.start - 1 - people)
    groups, teams = group_calls.part_of_groups(call, wanted, first=rest, count=part.count - len(users))
    found = [shown.of(one) for one in (*users, *groups)]
    return listed(found, total=people + teams, start=part.start)


everything = by_method(POST=_search)
