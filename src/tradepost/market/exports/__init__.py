"""Exports of long lists as files, written by a worker."""
