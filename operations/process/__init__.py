"""Files, locks and child processes."""
