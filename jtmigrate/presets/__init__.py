"""Bindings of the toolkit to particular models. Nothing else in the toolkit knows any model."""
