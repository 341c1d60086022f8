"""The agent of one node: observes, applies, reports."""
