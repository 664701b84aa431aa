"""Malware scanners: one folder each."""
