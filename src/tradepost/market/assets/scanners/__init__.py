"""Scanners of malware: a folder each."""
