"""Whole networks, against the peers."""
