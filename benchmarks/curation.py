"""What curation kept and lost, scored against planted truth, whatever reason it gave.

    python -m benchmarks.curation demo                          # truth of the demo delivery, data/truth/demo.csv
    python -m benchmarks.curation an2dl --truth an2dl.json      # truth of a replica: per row `kind`, `of`

Run in a project whose stages are up to date to `split`.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

from tasks import store

CELLS = {"cell", "exact", "exact-other-label"}


def truth(file: Path) -> pd.DataFrame:
    """Columns source or row, kind, and `of`: what it copies, by source or row. A replica's rows have no names."""
    if file.suffix == ".csv":
        return pd.read_csv(file, keep_default_na=False)[["source", "kind", "of"]]
    found = pd.DataFrame(json.loads(file.read_text())).reindex(columns=["kind", "of"])
    return found.assign(row=range(len(found)))


def merged(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The delivery's rows with their truth, and `cell`: the id of the true picture that each one shows."""
    key = "source" if "source" in known else "row"
    both = rows.merge(known, on=key, validate="one_to_one")
    if len(both) != len(known):
        raise ValueError(f"{len(known)} rows of truth, {len(both)} of them in the table: not the same delivery")
    return both.assign(cell=both["of"].map(both.set_index(key)["id"]).fillna(both["id"]))


def outcomes(both: pd.DataFrame) -> pd.DataFrame:
    """Per kind of picture: how many came, how many stay, and what became of the others."""
    return pd.crosstab(both["kind"], both["reason"].mask(both["kept"], "kept"), margins=True, margins_name="all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("delivery")
    parser.add_argument("--truth", type=Path, help="by default data/truth/DELIVERY.csv")
    arguments = parser.parse_args()
    rows = store.read_rows(Path("data/clean"))
    rows = rows[rows["delivery"] == arguments.delivery]
    known = truth(arguments.truth or Path(f"data/truth/{arguments.delivery}.csv"))
    both = merged(rows, known)
    print(outcomes(both).to_string())
    real = both[both["kind"].isin(CELLS) | both["kind"].str.startswith("near")]
    kept = real[real["kept"]]
    print(f"\nforeign pictures that stay:            {(both['kept'] & ~both.index.isin(real.index)).sum()}")
    print(f"true cells, each counted once:         {real['cell'].nunique()}")
    print(f"true cells that stay:                  {kept['cell'].nunique()}")
    print(f"true cells lost to a label conflict:   {_lost(real, kept, 'label-conflict')}")
    print(f"true cells lost to outlier removal:    {_lost(real, kept, 'foreign')}")
    print(f"true cells that stay more than once:   {kept['cell'].duplicated().sum()}")


def _lost(real: pd.DataFrame, kept: pd.DataFrame, reason: str) -> int:
    return real.loc[(real["reason"] == reason) & ~real["cell"].isin(kept["cell"]), "cell"].nunique()


if __name__ == "__main__":
    main()
