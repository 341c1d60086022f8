"""Decisions: pure functions of observed objects, no clock, no network."""
