"""The page kit: lists, details and acts with the same look and behaviour on the three sites (decision 0093).

A site's module declares a ``Listing`` and gets a page with filters, paging, empty states and files. It calls ``act`` to
process a form. Wizards, editors, polled parts and lists with forms in their rows are written without the kit.
"""

from .columns import Column, copied, day, fragment, moment, money, number, page_link, state, text, with_link
from .filters import Filter, choice, hidden, search, states, tabs, time_range
from .form_acts import Problem, act, ask, or_404, require_choice, submitted_data
from .list_query import ListQuery
from .listing import Empty, Link, Listing

__all__ = [
    "Column",
    "Empty",
    "Filter",
    "Link",
    "ListQuery",
    "Listing",
    "Problem",
    "act",
    "ask",
    "choice",
    "copied",
    "day",
    "fragment",
    "hidden",
    "moment",
    "money",
    "number",
    "or_404",
    "page_link",
    "require_choice",
    "search",
    "state",
    "states",
    "submitted_data",
    "tabs",
    "text",
    "time_range",
    "with_link",
]  # fmt: skip
