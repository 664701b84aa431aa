"""One moto server for all EC2 tests, since it takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    from tests.clouds import ec2

    with ec2.moto() as url:
        yield url
