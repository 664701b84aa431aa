"""Categories of the store: two levels, in the operator's order."""

from __future__ import annotations

from django.db import models

MAX_NAME_LENGTH = 64
MAX_SLUG_LENGTH = 50


class Category(models.Model):
    slug = models.SlugField(max_length=MAX_SLUG_LENGTH, unique=True)
    """Part of URLs and of product documents, which never change, so it never changes either."""
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    name_en = models.CharField(max_length=MAX_NAME_LENGTH)
    icon = models.CharField(max_length=64, default="package")
    parent = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="children")
    position = models.PositiveIntegerField(default=0)
    """Its position among the categories with the same parent."""
    hidden = models.BooleanField(default=False, db_default=False)
    """Not shown in the store and not offered for new products. Its products remain on sale."""

    def __str__(self) -> str:
        return self.slug

    @property
    def visible(self) -> bool:
        """False if the category or its parent is hidden."""
        return not self.hidden and (self.parent is None or not self.parent.hidden)

    @property
    def shown(self) -> Category | None:
        """The category that the store shows for its products: itself, else a visible parent, else none."""
        if self.visible:
            return self
        return self.parent if self.parent is not None and self.parent.visible else None

    @property
    def path(self) -> list[Category]:
        """The category, preceded by its parent."""
        return [self] if self.parent is None else [self.parent, self]
