"""Each form in the source of the templates sends a CSRF token, also if it is included or rendered without the context
of its page.

``test_walk`` sends the forms that the small market shows; this file checks the source of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.market.walking import COMMENT, MARKET, sending_places, template_files

FORM = re.compile(r"<form\b(.*?)</form>", re.DOTALL | re.IGNORECASE)
WITH_TOKEN = re.compile(r"\{% (?:csrf_token|post\b|post_button\b|confirm\b)")
INCLUDE = re.compile(r'{%\s*include\s+"([^"]+)"(.*?)%}', re.DOTALL)
WITHOUT_CONTEXT = re.compile(r'(?:inclusion_tag|render_to_string)\(\s*"([^"]+\.html)"([^\n]*)')
SOURCES = {name: COMMENT.sub("", path.read_text()) for name, path in template_files()}
BY_ITS_PAGES = ["allauth/elements/form.html"]
"""The pages of allauth put the token into the slot of this form."""
PASSED_ON = {"web/parts/secret.html"}
"""Tags that pass on the token of their page."""


def _tokens(name: str, visited: frozenset[str] = frozenset()) -> bool:
    """Return whether the template, or one that it includes with a separate context, writes a token."""
    text = SOURCES.get(name, "")
    if WITH_TOKEN.search(text):
        return True
    parts = (match[1] for match in INCLUDE.finditer(text) if match[1] not in visited and match[1] != name)
    return any(_tokens(part, visited | {name}) for part in parts)


def test_every_form_that_posts_writes_a_token() -> None:
    """Other forms are written by ``{% post %}``, which adds the token (``test_form_tags``)."""
    posting = [
        (name, match[1]) for name, text in SOURCES.items() for match in FORM.finditer(text)
        if re.search(r'method="(?!get)', match[1].partition(">")[0], re.IGNORECASE) or re.search("hx-(post|put|patch|delete)", match[1])
    ]  # fmt: skip
    assert len(sending_places()) > 200
    assert [name for name, form in posting if "{% csrf_token %}" not in form] == BY_ITS_PAGES


def _isolated() -> Iterator[str]:
    for name, text in SOURCES.items():
        for match in INCLUDE.finditer(text):
            if re.search(r"\bonly\s*$", match[2]) and _tokens(match[1]) and "csrf_token=csrf_token" not in match[2]:
                yield f"{name} includes {match[1]}"


def test_no_form_is_included_without_the_token() -> None:
    """``only`` hides the token too: *Withdraw* and *Discard draft* answered 403."""
    assert list(_isolated()) == []


def test_no_form_is_rendered_without_a_request() -> None:
    rendered = [
        (match[1], match[2]) for path in MARKET.rglob("*.py") for match in WITHOUT_CONTEXT.finditer(path.read_text())
    ]
    assert len(rendered) > 8
    assert [name for name, _more in rendered if _tokens(name) and name not in PASSED_ON] == []


def test_htmx_posts_from_inside_a_form() -> None:
    """Such a form sends its own token; both places are known."""
    assert {place.partition("#")[0] for place in sending_places()} <= set(SOURCES)
    assert sorted(name for name, text in SOURCES.items() if re.search("hx-(post|put|patch|delete)=", text)) == [
        "storefront/parts/access_live.html", "web/parts/file_field.html",
    ]  # fmt: skip
