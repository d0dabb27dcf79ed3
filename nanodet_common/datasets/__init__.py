"""Data sets on disk, read into one form: which images there are and which objects each holds."""
