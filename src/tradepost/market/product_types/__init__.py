"""Kinds of products. Each is a folder under ``kinds/`` with a ``KIND``; a new one needs no change elsewhere."""
