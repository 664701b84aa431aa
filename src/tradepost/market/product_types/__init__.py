"""Kinds of products: what each declares. A folder under ``kinds/`` with a ``KIND`` is one; nothing else to edit."""
