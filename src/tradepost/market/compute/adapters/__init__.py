"""Adapters for clouds, one package each."""
