"""Which tensor of a file belongs to which name of a model, and whether it fits there."""
