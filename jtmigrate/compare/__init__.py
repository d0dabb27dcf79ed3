"""Traces compared: metrics, noise floor, verdicts, the first fault and its cause. numpy only, prints nothing."""
