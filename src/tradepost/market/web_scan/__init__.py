"""The web check: automatic tests of a seller's web site (business-rules §2.7, §17.10)."""
