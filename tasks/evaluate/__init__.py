"""Says how good the model is, on the rows that it never saw."""
