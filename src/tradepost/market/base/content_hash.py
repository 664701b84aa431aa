"""A column with the hash of a file in the content store (``files``). The models therefore list all references to
files.

``file_check`` looks for every file that such a column names, so a new reference needs no registration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    _Text = models.CharField[str, str]
else:
    _Text = models.CharField  # generic in the stubs only


class ContentHash(_Text):
    """The SHA-256 of a file, in hex; empty if there is no file.

    ``folder``: the store below the files folder; empty for the files folder itself. ``parts``: the parts that are
    stored, if the original file is not. ``without_file``: rows that name a file outside the store."""

    def __init__(
        self, *, folder: str = "", parts: tuple[str, ...] = ("",), without_file: Q | None = None, **options: Any
    ) -> None:
        self.folder, self.parts, self.without_file = folder, parts, without_file
        options["max_length"] = 64
        super().__init__(**options)

    @override
    def deconstruct(self) -> Any:
        """Migrations see a plain column, because the location of files is not part of the database."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options
