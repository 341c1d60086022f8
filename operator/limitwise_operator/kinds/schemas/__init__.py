"""Structural schemas of our kinds, made from the engine's catalogue."""
