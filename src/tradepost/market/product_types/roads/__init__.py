"""Onboarding of sellers of special software up to the first sale: checklists, as data."""
