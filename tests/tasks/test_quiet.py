import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
SAYS = """
import os
from tasks.quiet import without_remarks
with without_remarks():
    os.write(2, b"I0000 00:00:1.2 3 port.cc:153] oneDNN\\nE0000 00:00:1.2 3 dso.cc:1] no such library\\nplain\\n")
    if {crash}:
        os.write(2, b"F0000 the last words\\n")
        os.abort()
os.write(2, b"I0000 after\\n")
"""


def said(code: str) -> str:
    """Standard error of a process, whose TensorFlow has not been told to be quiet."""
    env = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run([sys.executable, "-c", code], cwd=HERE, env=env, capture_output=True, text=True).stderr


def test_an_import_of_tensorflow_says_nothing() -> None:
    code = "import tasks, keras, tensorflow as tf; tf.constant(1) + 1; print(tf.__spec__.loader.get_data)"
    assert said(code) == ""


@pytest.mark.parametrize(
    ("crash", "left"),
    [(False, "plain\nI0000 after\n"), (True, "plain\nF0000 the last words\n")],
    ids=["it goes on", "it ends the process"],
)
def test_errors_come_through(crash: bool, left: str) -> None:
    assert said(SAYS.format(crash=crash)).removeprefix("E0000 00:00:1.2 3 dso.cc:1] no such library\n") == left
