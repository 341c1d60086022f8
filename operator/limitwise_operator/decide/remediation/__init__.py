"""Remediation decided: who is in trouble, whose turn it is, what is next; pure functions."""
