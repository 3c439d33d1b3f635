"""Has the model seen a task's items? Probes of the model itself, each beside its own control."""
