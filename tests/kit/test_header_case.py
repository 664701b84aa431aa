"""The guide's table of servers and their spelling of ``Body-Sign``, measured behind each installed server."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.kit import wire
from tests.kit.guides import guide_path
from tests.kit.servers import ROOT, serving, spelling

EXAMPLES = ROOT / "examples" / "adapters"

# Row of the table, server of tests.kit.servers, application. test_scaffold measures `tradepost seller serve`.
MEASURED = [
    ("waitress", "waitress", "flask_app:app"),
    ("waitress", "waitress", "django_app:app"),
    ("gunicorn", "gunicorn", "flask_app:app"),
    ("gunicorn", "gunicorn", "wsgi_app:app"),
    ("Flask's own server", "flask", "flask_app:app"),
    ("uvicorn, `--http h11`", "uvicorn-h11", "asgi_app:app"),
    ("uvicorn, `--http h11`", "uvicorn-h11", "fastapi_app:app"),
    ("Hypercorn", "hypercorn", "asgi_app:app"),
    ("Hypercorn", "hypercorn", "fastapi_app:app"),
    ("Granian, WSGI or ASGI", "granian-wsgi", "wsgi_app:app"),
    ("Granian, WSGI or ASGI", "granian-asgi", "asgi_app:app"),
    ("uvicorn, `--http httptools` (its choice when installed)", "uvicorn-httptools", "asgi_app:app"),
]
NEEDS = {"uvicorn-httptools": "httptools", "granian-wsgi": "granian", "granian-asgi": "granian", "gunicorn": "gunicorn"}
INSTALLED = [row for row in MEASURED if find_spec(NEEDS.get(row[1], "waitress"))]

# The mistake that the last row of the table warns about: the right answer in a Starlette response.
WITH_HEADERS = """
import os
from fastapi import FastAPI, Request, Response
from tradepost.kit import Seller
from tradepost.kit.wsgi import fresh_nonce, utc_now
from tradepost.protocols.http import Request as SellerRequest

app = FastAPI()
seller = Seller(store=os.path.join(os.environ["SELLER_DATA"], "seller.db"), key=os.environ["SELLER_KEY"])

@app.post("/produce")
async def produce(request: Request) -> Response:
    asked = SellerRequest("POST", str(request.url), tuple(request.headers.items()), await request.body())
    answer = seller.respond(asked, utc_now(), fresh_nonce())
    return Response(answer.body, answer.status, headers=dict(answer.headers))
"""


def table(name: str) -> dict[str, tuple[str, str]]:
    text = guide_path(name).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| `([Bb]ody-[Ss]ign)` \| (.+) \|$", text, re.MULTILINE)
    return {server: (sent, use) for server, sent, use in rows}


@pytest.mark.slow
@pytest.mark.parametrize(("row", "server", "app"), INSTALLED, ids=[f"{server}-{app}" for _, server, app in INSTALLED])
def test_server_spells_the_header_as_the_guide_says(tmp_path, row, server, app):
    """saas-v2 §2.6: the header name is treated as case-sensitive."""
    with serving(server, app, EXAMPLES, SELLER_KEY=wire.KEY, SELLER_DATA=str(tmp_path)) as url:
        assert spelling(f"{url}/produce").decode() == table("frameworks.md")[row][0]


@pytest.mark.slow
def test_starlette_s_own_response_lowers_the_name(tmp_path):
    (tmp_path / "mistaken.py").write_text(WITH_HEADERS)
    with serving("uvicorn-h11", "mistaken:app", tmp_path, SELLER_KEY=wire.KEY, SELLER_DATA=str(tmp_path)) as url:
        assert spelling(f"{url}/produce") == b"body-sign"


def test_every_row_but_two_is_measured_and_only_servers_that_keep_the_case_are_recommended():
    rows = table("frameworks.md")
    assert set(rows) - {row for row, _, _ in MEASURED} == {
        "`tradepost seller serve`",
        "any, with Starlette's `Response(headers=…)` instead of the kit's adapter",
    }
    assert all((sent == "Body-Sign") == (use != "no") for sent, use in rows.values())


def test_both_languages_have_the_same_table():
    english, chinese = table("frameworks.md"), table("frameworks.zh-CN.md")
    assert [sent for sent, _ in english.values()] == [sent for sent, _ in chinese.values()]
    assert [use == "no" for _, use in english.values()] == [use == "不可用" for _, use in chinese.values()]


@pytest.mark.parametrize("name", ["quickstart", "frameworks", "usage"])
def test_guides_exist_in_both_languages_and_their_links_work(name):
    for path in (guide_path(f"{name}.md"), guide_path(f"{name}.zh-CN.md")):
        links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
        assert links
        for link in links:
            assert (path.parent / link).is_file() or link.startswith("https://"), f"{path.name} links to {link}"
        assert Path(path.parent / links[0]).name in {f"{name}.md", f"{name}.zh-CN.md"}
