"""The files of a toy of the project: the same stages and the same `foreach`, with commands that take milliseconds."""

DVC = """
vars: [data/deliveries.yaml]
stages:
  demo:
    foreach: ${drawn}
    do: {cmd: 'python toy.py demo data/raw/${item}', deps: [toy.py], params: [demo], outs: ['data/raw/${item}']}
  ingest:
    foreach: ${deliveries}
    do:
      cmd: python toy.py ingest data/raw/${item} data/ingested/${item}
      deps: [toy.py, 'data/raw/${item}']
      params: [ingest]
      outs: ['data/ingested/${item}']
  embed:
    foreach: ${deliveries}
    do:
      cmd: python toy.py embed data/ingested/${item} data/embedded/${item}
      deps: [toy.py, 'data/ingested/${item}']
      outs: ['data/embedded/${item}']
  dedupe:
    cmd: python toy.py dedupe data/ingested data/embedded data/deduped
    deps: [toy.py, data/deliveries.yaml, data/ingested, data/embedded]
    params: [dedupe]
    outs: [data/deduped]
  outliers:
    cmd: python toy.py outliers data/deduped data/embedded data/inliers
    deps: [toy.py, data/deduped, data/embedded]
    outs: [data/inliers]
  split:
    cmd: python toy.py split data/deduped data/inliers data/clean
    deps: [toy.py, data/deduped, data/inliers]
    outs: [data/clean]
  report:
    cmd: python toy.py report data/clean data/deduped data/ingested data/curation
    deps: [toy.py, data/clean, data/deduped, data/ingested]
    outs: [data/curation]
  train:
    cmd: python toy.py train data/clean data/ingested data/network
    deps: [toy.py, data/clean, data/ingested]
    params: [train]
    outs: [data/network]
  calibrate:
    cmd: python toy.py calibrate data/clean data/ingested data/network data/model
    deps: [toy.py, data/clean, data/ingested, data/network]
    outs: [data/model]
  evaluate:
    cmd: python toy.py evaluate data/clean data/ingested data/model data/evaluation/scores
    deps: [toy.py, data/clean, data/ingested, data/model]
    outs: [data/evaluation/scores]
  explain:
    cmd: python toy.py explain data/clean data/ingested data/model data/evaluation/scores data/evaluation/examples
    deps: [toy.py, data/clean, data/ingested, data/model, data/evaluation/scores]
    outs: [data/evaluation/examples]
  card:
    cmd: python toy.py card data/clean data/model data/evaluation/scores data/evaluation/examples data/evaluation/card
    deps: [toy.py, data/clean, data/model, data/evaluation/scores, data/evaluation/examples]
    outs: [data/evaluation/card]
"""

# A stage writes what it read, hashed with its section of params.yaml. `words` of the section steer it: it prints them,
# `sleep N` sleeps, `fail` fails, `constant` makes the result the same whatever was read.
TOY = """
import hashlib, pathlib, sys, time, yaml
verb, *inputs, out = sys.argv[1:]
SUMMARY = '{"came": 4, "kept": 1, "dropped": 3, "stages": {}, "deliveries": {}, "classes": {}, "batches": {}}'
section = (yaml.safe_load(open("params.yaml")) or {}).get(verb) or {}
words = str(section.get("words", "")).split()
files = sorted(f for i in inputs for f in pathlib.Path(i).rglob("*") if f.is_file())
digest = hashlib.md5(repr(section).encode())
if "constant" in words:
    digest, files = hashlib.md5(), []
for file in files:
    digest.update(file.read_bytes())
out = pathlib.Path(out)
out.mkdir(parents=True, exist_ok=True)
print(verb, "says", *words)
if "sleep" in words:
    for tick in range(int(words[words.index("sleep") + 1]) * 10):
        time.sleep(0.1)
        with open(out / "ticks", "a") as log:
            log.write(f"{tick}\\n")
if "fail" in words:
    sys.exit("toy: this stage fails")
(out / "made.txt").write_text(digest.hexdigest())
if verb == "report":
    (out / "summary.json").write_text(SUMMARY)
import lifelike
lifelike.write(verb, [pathlib.Path(i) for i in inputs], out, words)
"""

# The tables, models and records of answers that the flows read, in the form of the real ones, of two classes. The word
# `skill X` of train is the share of pictures that a model gets right; what one model gets right, a better one does too.
LIFELIKE = """
import hashlib, json, pathlib, shutil, sys, yaml
CLASSES = ["ig", "platelet"]
CELLS = ["blur/1", "noise/1", "mix"]
FILES = ["model.weights.h5", "seen.txt", "arrays.npz"]

def write(verb, inputs, out, words):
    made = globals().get(verb)
    if made:
        made(inputs, out, words)

def demo(inputs, out, words):
    lines = [f"{share(str(k), 'id'):.9f} {CLASSES[k % 2]}\\n" for k in range(200)]
    (out / "cells.txt").write_text("".join(lines))

def ingest(inputs, out, words):
    drawn = inputs[0] / "cells.txt"
    lines = [line.split() for line in drawn.read_text().splitlines()] if drawn.exists() else []
    rows = [(f"cells.txt#{k}", hashlib.md5(one.encode()).hexdigest(), label) for k, (one, label) in enumerate(lines)]
    files = [] if rows else sorted(file for file in inputs[0].rglob("*") if file.is_file())
    rows += [(str(f.relative_to(inputs[0])), hashlib.md5(f.read_bytes()).hexdigest(), f.parent.name) for f in files]
    put(out, [(inputs[0].name, *row) for row in rows])

def dedupe(inputs, out, words):
    first, rows = {}, []
    for name in yaml.safe_load(open("data/deliveries.yaml"))["deliveries"]:
        for row in got(inputs[0] / name):
            rows.append((*row, first.setdefault(row[2], "/".join(row[:2]))))
    put(out, rows)

def outliers(inputs, out, words):
    put(out, got(inputs[0]))

def split(inputs, out, words):
    import pyarrow, pyarrow.parquet
    names = ["delivery", "source", "id", "label", "partner"]
    rows = [dict(zip(names, row)) for row in got(inputs[1])]
    for k, row in enumerate(rows):
        copied = row["partner"] != "/".join([row["delivery"], row["source"]])
        place = share(row["id"], "split")
        row.update(kept=not copied, stage="dedupe" * copied, reason="exact-copy" * copied, row=k, group=row["id"])
        row.update(measure=0.0, partner=row["partner"] * copied, batch="grey")
        row.update(split="train" if place < 0.5 else "val" if place < 0.6 else "test")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out / "rows.parquet")

def train(inputs, out, words):
    rows = kept(inputs[0])
    lines = sorted("\\t".join([row["id"], row["label"], row["split"]]) for row in rows)
    learnt = [row for row in rows if row["split"] != "test"]
    provenance = {
        "train": {"words": " ".join(words)},
        "deliveries": list(dict.fromkeys(row["delivery"] for row in learnt)),
        "rows": {part: sum(row["split"] == part for row in learnt) for part in ("train", "val")},
        "dataset": hashlib.sha256("\\n".join(lines).encode()).hexdigest(),
        "weights": "",
    }
    (out / "model.weights.h5").write_text(words[words.index("skill") + 1] if "skill" in words else "0.8")
    (out / "seen.txt").write_text("".join(f"{one}\\n" for one in sorted({row["id"] for row in learnt})))
    (out / "arrays.npz").write_bytes(b"")
    describe(out, provenance)

def calibrate(inputs, out, words):
    for file in FILES:
        shutil.copy(inputs[2] / file, out / file)
    provenance = json.loads((inputs[2] / "model.json").read_text())["provenance"]
    describe(out, {**provenance, "calibrate": {}})

def evaluate(inputs, out, words):
    import pyarrow, pyarrow.parquet
    clean, _, model = inputs
    test = sorted((row for row in kept(clean) if row["split"] == "test"), key=lambda row: row["id"])
    known = set((model / "seen.txt").read_text().split()) & {row["id"] for row in test}
    if known:
        sys.exit(f"evaluate: the model has seen {len(known)} of the {len(test)} test rows in training")
    skill = float((model / "model.weights.h5").read_text())
    rows = []
    for row in test:
        said = CLASSES[answer(row, "clean", skill)]
        facts = {name: row[name] for name in ("id", "group", "delivery", "source", "batch", "label")}
        sure = {f"p_{name}": 0.9 if name == said else 0.1 for name in CLASSES}
        rows.append(dict(facts, sharpness="1", predicted=said, confidence=0.9, score=0.0, why="", **sure))
    cells = {cell: pyarrow.array([answer(row, cell, skill) for row in test], pyarrow.uint8()) for cell in CELLS}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out / "predictions.parquet")
    pyarrow.parquet.write_table(pyarrow.table(cells), out / "suite.parquet")

def answer(row, cell, skill):
    right = CLASSES.index(row["label"])
    return right if share(row["id"], cell) < skill else 1 - right

def share(*words):
    return int(hashlib.md5(" ".join(words).encode()).hexdigest()[:8], 16) / 2**32

def kept(clean):
    import pyarrow.parquet
    return [row for row in pyarrow.parquet.read_table(clean / "rows.parquet").to_pylist() if row["kept"]]

def put(folder, rows):
    (folder / "rows.tsv").write_text("".join("\\t".join(row) + "\\n" for row in rows))

def got(folder):
    return [tuple(line.split("\\t")) for line in (folder / "rows.tsv").read_text().splitlines()]

def describe(folder, provenance):
    stored = {name: (folder / name).read_bytes() for name in FILES}
    document = {
        "format": "hemaflow-model/2", "classes": CLASSES, "image_size": 8, "crop": 8, "provenance": provenance,
        "calibration": {}, "network": {},
        "files": {n: {"sha256": hashlib.sha256(b).hexdigest(), "bytes": len(b)} for n, b in stored.items()},
    }
    spelled = json.dumps(document, sort_keys=True, separators=(",", ":"))
    document["digest"] = hashlib.sha256(spelled.encode()).hexdigest()
    (folder / "model.json").write_text(json.dumps(document, indent=1))
"""

PARAMS = """\
# Settings of the toy.
classes: {ig: [], platelet: []}
demo: {words: ""}
ingest:
  words: ""     # steers the toy
dedupe:
  on_conflict: drop_all   # or keep_first
  words: ""
train:
  frozen_epochs: 3
  finetune_epochs: 2
  batch: 32
  learning_rate: 1.0e-4   # of Lion
  seed: 1
  words: ""
gate:
  seed: 0
  resamples: 200
  level: 0.5
  min_rows: 1000
  allowed: {clean: 0.05, distorted: 0.05, worst: 0.05, mix: 0.05, recall: 0.05, slices: 0.05}
  wanted: {clean: 0.01, distorted: 0.01, mix: 0.01}
  floors: {clean: 0.5, distorted: 0.5, worst: 0.5, mix: 0.5, recall: 0.5}
"""

LISTING = """\
# Deliveries.
deliveries:
- "demo"
drawn:
- "demo"
"""
