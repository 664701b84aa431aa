"""Template tags for all sites."""
