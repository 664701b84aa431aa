"""Settings of what sellers keep for their products."""

from __future__ import annotations

from pydantic import Field

from .group import Group


class CatalogSettings(Group):
    """See ``Config.catalog``."""

    attributes_most: int = Field(
        default=200, ge=1, description="Maximum number of attributes that a seller may define for its products."
    )
