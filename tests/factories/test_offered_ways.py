"""Queries of a list are read from its page: a new filter needs no entry in a table."""

from __future__ import annotations

from tests.factories.offered_ways import MAX_OPTIONS, TERMS, fields, is_list, list_queries

FACTS = {"order": "CS1", "line": "CS1-1", "tail": "S1", "email": "a@b.example", "instance": "i-1"}
LIST = """
<form action="/elsewhere/" method="get"><input name="x" type="search"></form>
<form method="post"><select name="act"><option value="go"></option></select></form>
<form><input name="q" type="search"><select name="status"><option value="">All</option><optgroup label="g"><option value="open">Open</option>
  </optgroup></select><input type="radio" name="last" value=""><input type="radio" name="last" value="7d">
  <input name="from" type="date"><input name="to" type="date"></form>
<a href="?show=ended">Ended</a> <a href="/orders/?after=177&show=">Older</a> <a href="?format=csv">CSV</a>
<a href="?service=17">One</a> <a href="?service=18">Another</a> <a href="/other/?after=1">Elsewhere</a>
"""


def test_every_option_search_date_tab_and_page_is_a_query() -> None:
    found = list_queries(LIST, "/orders/", FACTS)
    assert set(found) == {
        "status=open", "last=7d", "show=ended", "after=…", "service=…", "from=2025-01-01&to=2025-06-30", "from=2025-01-01",
        "to=2025-06-30", *(f"q={term}" for term in TERMS),
    }  # fmt: skip
    assert (found["q={order}"], found["after=…"], found["service=…"]) == ("q=CS1", "after=177", "service=17")
    assert fields(LIST, "/orders/") == {"q", "status", "last", "from", "to"}


def test_long_list_of_options_is_sampled() -> None:
    options = "".join(f'<option value="{n}"></option>' for n in range(1000))
    found = list_queries(f'<form><select name="seller">{options}</select></form>', "/orders/", FACTS)
    assert len(found) == MAX_OPTIONS
    assert "seller=0" in found


def test_page_without_controls_is_not_a_list() -> None:
    assert is_list(LIST, "/orders/")
    assert is_list('<a href="?after=3">Older</a>', "/orders/")
    assert not is_list('<form method="post"><input name="q"></form><a href="?tab=1">x</a>', "/orders/")
