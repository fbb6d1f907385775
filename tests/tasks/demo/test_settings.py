import re
from pathlib import Path

import pytest
import yaml

from tasks import params
from tasks.demo.settings import Demo


def load(folder: Path, **section: object) -> Demo:
    file = folder / "params.yaml"
    file.write_text(yaml.safe_dump({"demo": section}))
    return params.load(Demo, file)


@pytest.mark.parametrize("cells", [16, 1600, 20_000])
def test_reads_seed_and_cells(tmp_path, cells):
    assert load(tmp_path, seed=0, cells=cells) == Demo(seed=0, cells=cells)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        pytest.param({"seed": -1, "cells": 48}, "demo.seed: .*greater than or equal to 0, got -1", id="negative seed"),
        pytest.param({"seed": 7.5, "cells": 48}, "demo.seed: .*integer, got 7.5", id="broken seed"),
        pytest.param({"seed": 7, "cells": 15}, "demo.cells: .*greater than or equal to 16, got 15", id="too few"),
        pytest.param(
            {"seed": 7, "cells": 20_001}, "demo.cells: .*less than or equal to 20000, got 20001", id="too many"
        ),
        pytest.param({"seed": 7, "cells": "48"}, "demo.cells: .*integer, got '48'", id="text"),
        pytest.param({"seed": 7}, "demo.cells: missing", id="missing"),
        pytest.param({"seed": 7, "cells": 48, "dirt": 1}, "demo.dirt: unknown key", id="unknown key"),
    ],
)
def test_names_the_key_that_is_wrong(tmp_path, section, message):
    with pytest.raises(ValueError, match=message + f" \\({re.escape(str(tmp_path))}"):
        load(tmp_path, **section)
