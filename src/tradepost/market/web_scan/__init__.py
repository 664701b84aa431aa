"""The web check: what an automatic look at a seller's web site finds (business-rules §2.7, §17.10)."""
