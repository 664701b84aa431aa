"""Licenses for which buyers apply (saas-v1-license §B3): applications, sellers' answers and the licenses."""
