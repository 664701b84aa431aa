"""The road of industrial software: from the company's review to a license that is sold, each step derived from facts (joint.md §5)."""
