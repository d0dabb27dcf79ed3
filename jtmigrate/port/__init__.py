"""Moves code: the atlas of what differs, `lint`, which finds the traps, and `port`, which rewrites.

Imports neither torch nor jittor.
"""
