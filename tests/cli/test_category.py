"""``tradepost category``: the categories of the store from the command line, with one line for each refusal, audited."""

from __future__ import annotations

import pytest

from tests.cli.command_line import Market, acts, migrated_market
from tradepost.market.catalog.first_categories import FIRST


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Market:
    return migrated_market(tmp_path_factory.mktemp("categories"), "category_market")


def done(market: Market, *arguments: str) -> str:
    ran = market.run("category", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def refused(market: Market, *arguments: str) -> str:
    ran = market.run("category", *arguments)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    return ran.stderr.removeprefix("tradepost: ").strip()


def listed(market: Market) -> list[str]:
    return done(market, "list").splitlines()


@pytest.mark.slow
def test_categories_are_managed_on_the_command_line(market: Market) -> None:
    first = listed(market)
    assert [line.split()[0] for line in first] == [slug for slug, *_ in FIRST]
    assert first[0] == "office  办公协同 / Office & collaboration  products: 0"

    robots = ("--name", "机器人", "--name-en", "Robots")
    assert done(market, "add", "robots", *robots, "--icon", "robot") == "Added robots.\n"
    assert "is taken" in refused(market, "add", "robots", "--name", "a", "--name-en", "b")
    assert "There is no icon skull. Choose one of: activity, " in refused(
        market, "add", "x", *robots, "--icon", "skull"
    )
    done(market, "add", "arms", "--name", "机械臂", "--name-en", "Arms", "--parent", "robots")
    assert "two levels" in refused(market, "add", "x", "--name", "a", "--name-en", "b", "--parent", "arms")
    assert "There is no category nowhere. List them" in refused(market, "delete", "nowhere")

    done(market, "rename", "arms", "--name-en", "Robot arms")
    assert "Give --name" in refused(market, "rename", "arms")
    done(market, "move", "robots", "--place", "1")
    assert [line.split()[0] for line in listed(market)][:3] == ["robots", "arms", "office"]
    assert listed(market)[1] == "  arms  机械臂 / Robot arms  products: 0"
    done(market, "hide", "robots")
    assert listed(market)[0].endswith("  hidden")
    assert listed(market)[1].endswith("  hidden with its parent")
    done(market, "show", "robots")
    assert "1 subcategory" in refused(market, "delete", "robots")
    assert "Say where to" in refused(market, "move", "arms")
    assert "counts from 1" in refused(market, "move", "arms", "--place=-1")
    done(market, "move", "arms", "--top")
    done(market, "move", "arms", "--parent", "office")
    done(market, "delete", "arms")
    done(market, "delete", "robots")
    assert listed(market) == first

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


def test_a_deleted_category_does_not_come_back_with_the_next_migration(market: Market) -> None:
    done(market, "delete", "retail")
    assert market.run("migrate").returncode == 0
    assert "retail" not in done(market, "list")
