"""The reasons for which each version may refresh an instance: its ``life`` lists exactly what its wire can carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tradepost.protocols.commands import Refresh, Scene
from tradepost.protocols.registry import protocols

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
REFRESH = Refresh(instance_id="i-1", scene=Scene.RENEWAL, order_id="CS1", order_line_id="CS1-000001", expires_at=NOW)
SCENES = {
    "saas_v2": set(Scene),
    "saas_v1": set(Scene) - {Scene.RENEWAL_CHANGE},
    "license_online": set(Scene) - {Scene.RENEWAL_CHANGE},
    "license_code": {Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD},
    "license_v1": {Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD},
}
"""saas-v2 §3.3; saas-v1-license A2.3, A8, B1, B2.2, B3."""


def test_every_version_that_refreshes_is_in_the_table() -> None:
    assert {name for name, spoken in protocols().items() if Refresh in spoken.activities} == set(SCENES)


@pytest.mark.parametrize("name", SCENES)
def test_life_of_a_version_lists_its_scenes(name: str) -> None:
    assert protocols()[name].life.scenes == SCENES[name]


@pytest.mark.parametrize("scene", Scene)
@pytest.mark.parametrize("name", sorted(SCENES.keys() - {"license_v1"}))
def test_missing_scene_cannot_be_sent(name: str, scene: Scene) -> None:
    spoken = protocols()[name]

    def encoded() -> None:
        spoken.encode(
            replace(REFRESH, scene=scene), address="https://a.example/p", key="k" * 36, now=NOW, nonce="n" * 32
        )

    if scene in spoken.life.scenes:
        encoded()
    else:
        with pytest.raises(ValueError, match=r"scene|no renewal with change"):
            encoded()


def test_version_with_the_purchase_in_the_refresh_has_no_quantity() -> None:
    """saas-v1-license A2.3: no amount; a SaaS 2.0 seller queries the order (saas-v2 §3.8)."""
    assert not protocols()["saas_v1"].life.refresh_tells_quantity
    assert protocols()["saas_v2"].life.refresh_tells_quantity
