"""Readers of sources: each yields records, and says what it skipped."""
