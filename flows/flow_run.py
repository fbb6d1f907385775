"""Prefect's flow run around. Where Prefect is not loaded there is none, and nothing here loads it."""

import sys

from operations.run_context import Run


def current() -> Run | None:
    """The flow run as Prefect's API gives it, None outside of one."""
    if "prefect" not in sys.modules:
        return None
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    if not context or not context.flow_run:
        return None
    return Run(context.flow.name if context.flow else "", context.flow_run)
