"""Licenses that buyers apply for (saas-v1-license §B3): each application, what its seller said, and the license."""
