"""``tradepost category``: the store's categories on the command line, with one line for each error, audited."""

from __future__ import annotations

import pytest

from tests.cli.command_line import Market, acts, migrated_market
from tradepost.market.catalog.first_categories import FIRST


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Market:
    return migrated_market(tmp_path_factory.mktemp("categories"), "category_market")


def run_ok(market: Market, *arguments: str) -> str:
    ran = market.run("category", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def run_refused(market: Market, *arguments: str) -> str:
    ran = market.run("category", *arguments)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    return ran.stderr.removeprefix("tradepost: ").strip()


def list_categories(market: Market) -> list[str]:
    return run_ok(market, "list").splitlines()


@pytest.mark.slow
def test_categories_are_managed_on_the_command_line(market: Market) -> None:
    first = list_categories(market)
    assert [line.split()[0] for line in first] == [slug for slug, *_ in FIRST]
    assert first[0] == "office  办公协同 / Office & collaboration  products: 0"

    robots = ("--name", "机器人", "--name-en", "Robots")
    assert run_ok(market, "add", "robots", *robots, "--icon", "robot") == "Added robots.\n"
    assert "is taken" in run_refused(market, "add", "robots", "--name", "a", "--name-en", "b")
    assert "There is no icon skull. Choose one of: activity, " in run_refused(
        market, "add", "x", *robots, "--icon", "skull"
    )
    run_ok(market, "add", "arms", "--name", "机械臂", "--name-en", "Arms", "--parent", "robots")
    assert "two levels" in run_refused(market, "add", "x", "--name", "a", "--name-en", "b", "--parent", "arms")
    assert "There is no category nowhere. List them" in run_refused(market, "delete", "nowhere")

    run_ok(market, "rename", "arms", "--name-en", "Robot arms")
    assert "Give --name" in run_refused(market, "rename", "arms")
    run_ok(market, "move", "robots", "--place", "1")
    assert [line.split()[0] for line in list_categories(market)][:3] == ["robots", "arms", "office"]
    assert list_categories(market)[1] == "  arms  机械臂 / Robot arms  products: 0"
    run_ok(market, "hide", "robots")
    assert list_categories(market)[0].endswith("  hidden")
    assert list_categories(market)[1].endswith("  hidden with its parent")
    run_ok(market, "show", "robots")
    assert "1 subcategory" in run_refused(market, "delete", "robots")
    assert "Say where to" in run_refused(market, "move", "arms")
    assert "counts from 1" in run_refused(market, "move", "arms", "--place=-1")
    run_ok(market, "move", "arms", "--top")
    run_ok(market, "move", "arms", "--parent", "office")
    run_ok(market, "delete", "arms")
    run_ok(market, "delete", "robots")
    assert list_categories(market) == first

    assert acts(market, "cli category %") == [
        ("cli category add", "done", "机器人"), ("cli category add", "refused", ""), ("cli category add", "refused", ""),
        ("cli category add", "done", "机械臂"), ("cli category add", "refused", ""), ("cli category delete", "refused", ""),
        ("cli category rename", "done", "机械臂"), ("cli category rename", "refused", ""),
        ("cli category move", "done", "机器人"), ("cli category hide", "done", "机器人"),
        ("cli category show", "done", "机器人"), ("cli category delete", "refused", ""),
        ("cli category move", "refused", ""), ("cli category move", "refused", ""),
        ("cli category move", "done", "机械臂"), ("cli category move", "done", "机械臂"),
        ("cli category delete", "done", "机械臂"), ("cli category delete", "done", "机器人"),
    ]  # fmt: skip


@pytest.mark.slow
def test_deleted_category_is_not_recreated_by_the_next_migration(market: Market) -> None:
    run_ok(market, "delete", "retail")
    assert market.run("migrate").returncode == 0
    assert "retail" not in run_ok(market, "list")
