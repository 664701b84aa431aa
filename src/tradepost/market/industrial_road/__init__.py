"""The onboarding of industrial software: from the company's review to the first license sold, with steps derived from
facts (joint.md §5)."""
