"""Recorded runs, and how a module's calls are recorded or replayed one at a time. Knows no framework."""
