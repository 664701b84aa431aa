"""Kinds of submissions: one package each."""
