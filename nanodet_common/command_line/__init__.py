"""The commands of `python -m nanodet_ref_torch` and `python -m nanodet_jittor`, written once for both."""
