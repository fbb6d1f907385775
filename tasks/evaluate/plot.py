"""The confusion matrix as a plot."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray


def draw_confusion(counts: NDArray[np.int64], names: Sequence[str], title: str, file: Path) -> None:
    """Write a PNG: colour by the share of the true class, in each cell its count; rows are truth."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(7.2, 6.4), layout="constrained")
    mesh = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(mesh, label="share of the true class", shrink=0.8)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set(title=title, xlabel="predicted", ylabel="true", xticks=range(len(names)), yticks=range(len(names)))
    axes.set_xticklabels(names, rotation=45, ha="right")
    axes.set_yticklabels(names)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
