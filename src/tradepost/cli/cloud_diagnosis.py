"""Doctor checks of the cloud that starts servers from images."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from tradepost.cli.findings import Finding, fail, ok, warn
from tradepost.market.base.config import Config
from tradepost.market.base.settings.compute import SANDBOX_CLOUD
from tradepost.market.catalog.models import Product, Version
from tradepost.market.compute.cloud_file import SETTING, read
from tradepost.market.compute.contract import Checkable, CloudError, Compute
from tradepost.market.compute.faults import for_operators
from tradepost.market.compute.registry import cloud
from tradepost.market.fulfilment.cloud import image_reference
from tradepost.market.product_types.deliverable import runs_in_cloud

AREA = "cloud"
MAX_NAMED = 10


def check_cloud(config: Config) -> Iterator[Finding]:
    """Check that the adapter is installed, its file valid and its credentials accepted, without changes in the
    cloud."""
    if not config.cloud_name:
        yield ok(AREA, "No cloud is set: images cannot be sold.")
        return
    try:
        adapter = cloud(config.cloud_name)
    except LookupError as error:
        yield fail(AREA, str(error), "Install the extra or correct TRADEPOST_COMPUTE_ADAPTER and the cloud file.")
        return
    if config.cloud_name == SANDBOX_CLOUD:
        yield ok(AREA, "The sandbox uses its built-in cloud.")
        return
    yield from _query_cloud(config.cloud_name, adapter)
    if config.compute.compute_file is not None:
        yield from _file(config.compute.compute_file)


def _query_cloud(name: str, adapter: Compute) -> Iterator[Finding]:
    if not isinstance(adapter, Checkable):
        yield ok(AREA, f"{name} is installed; it has no check of its own.")
        return
    try:
        problems = adapter.check()
    except CloudError as error:
        yield fail(AREA, f"{name} answers: {error}", for_operators(error.fault) or "Correct the cloud file.")
        return
    for problem in problems[:MAX_NAMED]:
        yield fail(AREA, f"{name}: {problem}.", "Correct the cloud file.")
    if not problems:
        yield ok(AREA, f"{name} accepts the credentials, and knows the flavours of the cloud file.")


def _file(path: Path) -> Iterator[Finding]:
    """Check that other users cannot read a file with keys."""
    login = read(path).credentials
    mode = stat.S_IMODE(path.stat().st_mode)
    if (login.secret_key or login.password) and mode & 0o077 and sys.platform != "win32":
        yield fail(AREA, f"{path} holds a secret and can be read by others (mode {mode:04o}).", f"chmod 600 {path}")


def check_cloud_images(config: Config) -> Iterator[Finding]:
    """Report images on sale that the cloud file does not name; orders for them would be refunded."""
    if config.compute.compute_file is None or ":" in config.cloud_name:
        return
    imported_images, missing_images = read(config.compute.compute_file).imported, []
    listed_versions = Version.objects.filter(status=Version.Status.LISTED, product__status=Product.Status.ON_SALE)
    for version in listed_versions.select_related("product").order_by("product"):
        if runs_in_cloud(version.product.product_type):
            reference = image_reference(version.document, version.product_id)
            missing_images += [f"{version.product.slug} ({reference})"] if reference not in imported_images else []
    if missing_images:
        names = ", ".join(missing_images[:MAX_NAMED])
        yield warn(
            AREA,
            f"{len(missing_images)} images on sale are not imported: {names}.",
            f"Add them to [imported] in {SETTING}.",
        )
