"""When the stages run: flows, deployments, triggers, and every verb that a user has (`python -m flows --help`)."""
