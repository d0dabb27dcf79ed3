"""Batches for either framework, prepared in processes of their own."""
