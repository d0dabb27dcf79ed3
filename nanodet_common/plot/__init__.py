"""Logs of training runs, whoever wrote them, as curves and numbers."""
