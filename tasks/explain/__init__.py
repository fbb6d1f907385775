"""Shows what the model answers by, where it errs most surely, and which labels are probably wrong."""
