"""A column with the hash of a file in the content store (``files``), so that all references can be listed from the models.

``file_check`` looks for every file that such a column names. A new reference therefore needs no registration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    _Text = models.CharField[str, str]
else:
    _Text = models.CharField  # generic in the stubs alone


class ContentHash(_Text):
    """The SHA-256 of a file, in hex; empty where there is none.

    ``folder``: the store below the files folder; empty for the files folder itself. ``parts``: what is kept of the file, where
    that is not the file as it came. ``without_file``: rows that name a file which is not kept in the store.
    """

    def __init__(
        self, *, folder: str = "", parts: tuple[str, ...] = ("",), without_file: Q | None = None, **options: Any
    ) -> None:
        self.folder, self.parts, self.without_file = folder, parts, without_file
        options["max_length"] = 64
        super().__init__(**options)

    @override
    def deconstruct(self) -> Any:
        """To migrations it is a plain column: where files lie is no part of the database."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options
