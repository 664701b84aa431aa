"""Kinds of products: one folder each."""
