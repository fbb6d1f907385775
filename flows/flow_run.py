"""Prefect's flow run around. Where Prefect is not loaded there is none, and nothing here loads it."""

import sys
from typing import Any


def current() -> Any:
    """The flow run as Prefect's API gives it, None outside of one."""
    context = _context()
    return context.flow_run if context else None


def flow() -> str:
    """The name of its flow, "" outside of one."""
    context = _context()
    return context.flow.name if context and context.flow else ""


def _context() -> Any:
    if "prefect" not in sys.modules:
        return None
    from prefect.context import FlowRunContext

    return FlowRunContext.get()
