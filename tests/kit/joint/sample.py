"""The sample of joint operation as a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit import wire
from tests.kit.joint.directories import key_pair
from tests.kit.projects import TRADEPOST
from tests.kit.servers import ROOT, free_port, process

SAMPLE = ROOT / "examples" / "sample_joint_seller"
KIT_KEY = "kit key of the sample, for tests"


@contextmanager
def sample(data: Path, *, port: str = "", **others: str) -> Iterator[str]:
    """Yield its address. ``port``: its former port. ``others``: environment variables that replace those of tests."""
    port = port or str(free_port())
    settings = {
        "SELLER_DATA": str(data), "SELLER_KEY": wire.KEY, "SELLER_KIT_KEY": KIT_KEY, "SELLER_APP_ID": "a1",
        "SELLER_PUBLIC_URL": f"http://127.0.0.1:{port}",
    } | others  # fmt: skip
    if "SELLER_PRIVATE_KEY" not in others:
        settings["SELLER_PRIVATE_KEY"] = key_pair().private
    with process([*TRADEPOST, "seller", "serve", "joint_app:app", "--port", port], SAMPLE, **settings) as started:
        assert started.stdout is not None
        line = started.stdout.readline()
        assert line.startswith("Seller: "), line
        yield line.split()[1]
