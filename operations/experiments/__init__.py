"""Runs with settings of their own, in git worktrees, saved as DVC's experiments."""
