"""Runs with settings of their own: each in a git worktree, saved as an experiment of DVC's."""
