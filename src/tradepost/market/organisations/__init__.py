"""Enterprises and their people: departments, members, groups, invitations, imports (openapi-jointkit A,
business-rules §11.2)."""
