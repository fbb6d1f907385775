"""What curation found and lost, scored against planted truth, whatever reason it gave.

    python -m benchmarks.curation demo                          # truth of the demo delivery, data/truth/demo.csv
    python -m benchmarks.curation an2dl --truth an2dl.json      # truth of a replica: per row `kind`, `of`, `file`
    python -m benchmarks.curation planted --truth truth.csv     # truth of benchmarks.planted

Run in a project whose stages are up to date to `split`, or to `explain` for suspects: what the trained model refuses
of the images that curation kept. Pairs of images that were looked at and show the same cell,
though the published set has them as two, are listed in known_pairs.csv beside this file.
"""

import argparse
from pathlib import Path

import pandas as pd

from benchmarks import truth
from benchmarks.targets import Claim, table
from tasks import store

SUSPECTS = 0.95
"""Share to be listed of the foreign images that curation kept."""
LISTED = Path("data/evaluation/examples/suspects.csv")
KNOWN = Path(__file__).with_name("known_pairs.csv")
OUTLIERS = {"outlier": 1.0, "photograph": 0.99, "blank": 0.99, "noise": 0.99, "half-black": 0.99}
"""Shares to be found, by kind."""
COPIES, HARD = 0.98, {"near-recropped": 0.90, "near-scale-bar": 0.95, "near-caption": 0.95}
"""Shares to be found of each kind."""
LOST, LOST_SHARE, BLUISH = 6, 0.002, 1
"""Cells that may be lost: of the published set, of any other one, and of those the bluish."""


def outcomes(both: pd.DataFrame) -> pd.DataFrame:
    """Per kind of image: how many came, how many stay, and what became of the others."""
    return pd.crosstab(both["kind"], both["drop_reason"].mask(both["kept"], "kept"), margins=True, margins_name="all")


def claims(both: pd.DataFrame, pairs: pd.DataFrame) -> list[Claim]:
    """Every figure of the delivery beside its target; shares from 0 to 1, and numbers of cells or pairs."""
    return [*_found(both), *_joined(truth.joined(both, pairs)), *_lost(both, truth.lost(both))]


def _found(both: pd.DataFrame) -> list[Claim]:
    gone = 1 - both.groupby("kind")["kept"].mean()
    copies = truth.copies(both).groupby("kind")["found"].mean()
    targets = {kind: HARD.get(kind, COPIES) for kind in copies.index}
    identical = truth.identical(both)
    twice = f"identical images in the set itself found, of {len(identical)}"
    return [
        *(Claim(f"{kind} images found", gone[kind], target) for kind, target in OUTLIERS.items() if kind in gone),
        *(Claim(f"{kind} copies found", copies[kind], target) for kind, target in targets.items()),
        Claim(twice, (identical["stay"] < 2).sum(), len(identical)),
    ]


def _joined(pairs: pd.DataFrame) -> list[Claim]:
    count = pairs["verdict"].value_counts()
    return [
        Claim("pairs wrongly joined", count.get("wrong", 0), 0, most=True),
        Claim("pairs joined that known_pairs.csv says are right", count.get("known", 0), None),
        Claim("pairs joined among outliers", count.get("outlier", 0), None),
    ]


def _lost(both: pd.DataFrame, lost: pd.DataFrame) -> list[Claim]:
    cells = both.loc[both["real"], "cell"].nunique()
    alone = lost["drop_reason"] != "label-conflict"
    target = LOST if (both["kind"] == "outlier").any() else LOST_SHARE * cells
    bluish = both.loc[both["real"] & truth.bluish(both), "cell"].nunique()
    return [
        Claim(f"true cells lost, of {cells:,}", alone.sum(), target, most=True),
        Claim(f"bluish cells lost, of {bluish:,}", (lost["bluish"] & alone).sum(), BLUISH, most=True),
        Claim("true cells lost to a label conflict", len(lost) - alone.sum(), None),
    ]


def suspects(both: pd.DataFrame, listed: pd.DataFrame) -> list[Claim]:
    """Of each kind of foreign image that curation kept, how many are `listed` for a person; and how many cells are."""
    kept = both[both["kept"]].merge(listed[store.KEY].assign(listed=True), on=store.KEY, how="left")
    kept = kept.assign(listed=kept["listed"].notna())
    found = kept[kept["kind"].str.startswith("foreign")].groupby("kind")["listed"].agg(share="mean", number="size")
    cells = kept[kept["real"]]
    return [
        *(Claim(f"{row.Index} suspects, of {row.number} kept", row.share, SUSPECTS) for row in found.itertuples()),
        Claim(f"cells among suspects, of {len(cells):,} kept", cells["listed"].sum(), None),
    ]


def details(both: pd.DataFrame, pairs: pd.DataFrame) -> list[str]:
    """What a person would look at: wrong and known pairs, conflicts in the set itself, cells lost, by name."""
    joined = truth.joined(both, pairs)
    told = joined[joined["verdict"].isin(["wrong", "known"])].sort_values("verdict", ascending=False)
    conflicts = truth.identical(both).loc[lambda found: found["labels"].map(len) > 1]
    lost = truth.lost(both).loc[lambda found: found["drop_reason"] != "label-conflict"]
    return [
        *(f"joined, {row.verdict}: {row.first} and {row.second}" for row in told.itertuples()),
        *(f"one image under labels {', '.join(row.labels)}: {row.names}" for row in conflicts.itertuples()),
        *(f"lost, {row.drop_reason}: {row.cell}{', bluish' if row.bluish else ''}" for row in lost.itertuples()),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("delivery")
    parser.add_argument("--truth", type=Path, help="by default data/truth/DELIVERY.csv")
    arguments = parser.parse_args()
    rows = store.read_rows(Path("data/clean"))
    rows = rows[rows["delivery"] == arguments.delivery]
    known = truth.read(arguments.truth or Path(f"data/truth/{arguments.delivery}.csv"))
    both = truth.merged(rows, known, pd.read_csv(KNOWN))
    pairs = pd.read_parquet("data/deduped/pairs.parquet")
    told = claims(both, pairs) + (suspects(both, pd.read_csv(LISTED)) if LISTED.exists() else [])
    print(outcomes(both).to_string(), table(told), "\n".join(details(both, pairs)), sep="\n\n")


if __name__ == "__main__":
    main()
