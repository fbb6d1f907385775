"""The parts of a retraining that need no orchestrator."""
