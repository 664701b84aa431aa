"""Template tags that the sites share."""
