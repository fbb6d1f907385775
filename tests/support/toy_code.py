"""The scripts of the toy: its stages, what of their outputs the flows read, and the trials of its studies."""

# A stage writes what it read, hashed with its section of params.yaml. `words` of the section steer it: it prints them,
# `sleep N` sleeps, though not once data/.state/awake is there, `fail` fails, `constant` makes the result the same
# whatever was read.
TOY = """
import hashlib, pathlib, sys, time, yaml
verb, *inputs, out = sys.argv[1:]
SUMMARY = '{"came": 4, "kept": 1, "dropped": 3, "stages": {}, "deliveries": {}, "classes": {}, '
SUMMARY += '"acquisition_batches": {}}'
section = (yaml.safe_load(open("params.yaml")) or {}).get(verb) or {}
words = str(section.get("words", "")).split()
pages = [inputs.pop(), out] if verb == "model_report" else []
files = sorted(f for i in inputs for f in pathlib.Path(i).rglob("*") if f.is_file())
digest = hashlib.md5(repr(section).encode())
if "constant" in words:
    digest, files = hashlib.md5(), []
for file in files:
    digest.update(file.read_bytes())
out = pathlib.Path(out).parent if pages else pathlib.Path(out)
out.mkdir(parents=True, exist_ok=True)
print(verb, "says", *words)
if "sleep" in words:
    for tick in range(int(words[words.index("sleep") + 1]) * 10):
        time.sleep(0.1)
        if pathlib.Path("data/.state/awake").exists():
            break
        with open(out / "ticks", "a") as log:
            log.write(f"{tick}\\n")
if "fail" in words:
    sys.exit("toy: this stage fails")
for page in pages or [out / "made.txt"]:
    pathlib.Path(page).write_text(digest.hexdigest())
if verb == "data_report":
    (out / "summary.json").write_text(SUMMARY)
import lifelike
lifelike.write(verb, [pathlib.Path(i) for i in inputs], out, words)
"""

# The tables, models and predictions that the flows read, in the form of the real ones, of two classes. The word
# `skill X` of train is the share of images that a model gets right, else a fortieth of its batch; what one model gets
# right, a better one does too.
LIFELIKE = """
import csv, hashlib, json, pathlib, shutil, sys, yaml

# pyarrow imports pandas where it finds it, which takes longer than all that is done here.
class NoPandas:
    @staticmethod
    def find_spec(name, *more):
        if name == "pandas":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoPandas)
CLASSES = ["ig", "platelet"]
CORRUPTIONS = ["blur/1", "noise/1", "mixed"]
FILES = ["model.weights.h5", "training_ids.txt", "arrays.npz"]

def write(verb, inputs, out, words):
    made = globals().get(verb)
    if made:
        made(inputs, out, words)

def demo(inputs, out, words):
    lines = [f"{share(str(k), 'id'):.9f} {CLASSES[k % 2]}\\n" for k in range(200)]
    (out / "cells.txt").write_text("".join(lines))
    truth = pathlib.Path("data/truth") / f"{out.name}.csv"
    truth.parent.mkdir(parents=True, exist_ok=True)
    truth.write_text("".join(lines))

def ingest(inputs, out, words):
    drawn = inputs[0] / "cells.txt"
    lines = [line.split() for line in drawn.read_text().splitlines()] if drawn.exists() else []
    rows = [(f"cells.txt#{k}", hashlib.md5(one.encode()).hexdigest(), label) for k, (one, label) in enumerate(lines)]
    files = [] if rows else sorted(file for file in inputs[0].rglob("*") if file.is_file())
    for file in files:
        one = (str(file.relative_to(inputs[0])), md5(file), file.parent.name)
        rows += arrays(file) if file.suffix == ".npz" else [one]
    put(out, [(inputs[0].name, *row) for row in rows])

def md5(file):
    return hashlib.md5(file.read_bytes()).hexdigest()

def arrays(file):
    import numpy
    found = numpy.load(file)
    names = [CLASSES[label] for label in found["labels"].ravel()]
    images = [hashlib.md5(image.tobytes()).hexdigest() for image in found["images"]]
    return [(f"{file.name}#{k}", one, label) for k, (one, label) in enumerate(zip(images, names))]

def decisions():
    with open("data/review.csv") as file:
        return {(row["delivery"], row["source"]): row["review_decision"] for row in csv.DictReader(file)}

def dedupe(inputs, out, words):
    said, first, rows, listed = decisions(), {}, [], yaml.safe_load(open("data/deliveries.yaml"))
    held = listed.get("held") or []
    for name in listed["deliveries"]:
        for row in got(inputs[0] / name):
            partner = "held" if name in held else first.setdefault(row[2], "/".join(row[:2]))
            rows.append((*row, partner, said.get(row[:2], "")))
    put(out, rows)

def outliers(inputs, out, words):
    put(out, got(inputs[0]))

def split(inputs, out, words):
    import pyarrow, pyarrow.parquet
    names = ["delivery", "source", "id", "label", "duplicate_of", "review_decision"]
    rows = [dict(zip(names, row)) for row in got(inputs[1])]
    judged = 0.4 * yaml.safe_load(open("params.yaml"))["split"]["shares"]["test"] / 0.15
    for k, row in enumerate(rows):
        held = row["duplicate_of"] == "held"
        copied = not held and row["duplicate_of"] != "/".join([row["delivery"], row["source"]])
        place = share(row["id"], "split")
        reason = "review-drop" if row["review_decision"] == "drop" else "exact-copy" * copied + "held" * held
        row.update(kept=not reason, dropped_by="dedupe" * bool(reason), drop_reason=reason)
        row.update(row=k, split_group=row["id"])
        row.update(drop_value=0.0, duplicate_of=row["duplicate_of"] * copied, acquisition_batch="grey")
        row.update(height=8, width=8, file_bytes=64)
        row.update(split="test" if place >= 1 - judged else "train" if place < 0.5 else "val")
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
    batch = yaml.safe_load(open("params.yaml"))["train"]["batch"]
    (out / "model.weights.h5").write_text(words[words.index("skill") + 1] if "skill" in words else f"{batch / 40:g}")
    (out / "training_ids.txt").write_text("".join(f"{one}\\n" for one in sorted({row["id"] for row in learnt})))
    (out / "arrays.npz").write_bytes(b"")
    describe(out, provenance)

def calibrate(inputs, out, words):
    for file in FILES:
        shutil.copy(inputs[2] / file, out / file)
    provenance = json.loads((inputs[2] / "model.json").read_text())["provenance"]
    describe(out, {**provenance, "calibrate": {}})

def evaluate(inputs, out, words):
    import pyarrow, pyarrow.parquet
    clean, *_, model = inputs
    names = json.loads((model / "model.json").read_text())["classes"]
    test = [row for row in kept(clean) if row["split"] == "test" and row["label"] in names]
    test.sort(key=lambda row: row["id"])
    known = set((model / "training_ids.txt").read_text().split()) & {row["id"] for row in test}
    if known:
        sys.exit(f"evaluate: the model has seen {len(known)} of the {len(test)} test rows in training")
    skill = float((model / "model.weights.h5").read_text())
    rows = []
    for row in test:
        facts = {name: row[name] for name in ("id", "split_group", "delivery", "source", "acquisition_batch", "label")}
        rows.append(dict(facts, sharpness="1", ood_score=0.0, **predicted(row, skill, names)))
    answers = {name: [answer(row, name, skill, names) for row in test] for name in CORRUPTIONS}
    corrupted = {name: pyarrow.array(given, pyarrow.uint8()) for name, given in answers.items()}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out / "predictions.parquet")
    pyarrow.parquet.write_table(pyarrow.table(corrupted), out / "corruptions.parquet")
    right = sum(row["predicted"] == row["label"] for row in rows)
    (out / "metrics.json").write_text(json.dumps({"rows": len(rows), "accuracy": right / max(1, len(rows))}))

# Which is no stage: what the champion says of a delivery.
def audit(inputs, out, words):
    import pyarrow, pyarrow.parquet
    skill = float((inputs[1] / "model.weights.h5").read_text())
    rows = [dict(zip(("delivery", "source", "id", "label"), row)) for row in got(inputs[0])]
    kept = ("source", "id", "label", "predicted", "confidence", "why")
    table = [{name: value for name, value in {**row, **predicted(row, skill)}.items() if name in kept} for row in rows]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table), out / "predictions.parquet")

def predicted(row, skill, names=CLASSES):
    best = answer(row, "clean", skill, names)
    sure = 0.9 if names[best] == shown(row) else 0.6
    chances = {f"p_{name}": sure if k == best else 1 - sure for k, name in enumerate(names)}
    return dict(predicted=names[best], confidence=sure, why="", **chances)

# What an image shows, whatever its label says: a file may be called after it.
def shown(row):
    name = pathlib.Path(row["source"]).name
    return next((one for one in CLASSES if name.startswith(f"{one}-")), row["label"])

def answer(row, corruption, skill, names=CLASSES):
    right = names.index(shown(row)) if shown(row) in names else 0
    return right if share(row["id"], corruption) < skill else 1 - right

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
        "format": "hemaflow-model/3", "classes": CLASSES, "image_size": 8, "crop": 8, "provenance": provenance,
        "calibration": {}, "network": {},
        "files": {n: {"sha256": hashlib.sha256(b).hexdigest(), "bytes": len(b)} for n, b in stored.items()},
    }
    spelled = json.dumps(document, sort_keys=True, separators=(",", ":"))
    document["digest"] = hashlib.sha256(spelled.encode()).hexdigest()
    (folder / "model.json").write_text(json.dumps(document, indent=1))
"""

# A trial's accuracy is what its section says; without one it fails as the stage does.
STUDY = """
import hashlib, json, pathlib, sys, yaml
study, trial, out, record = sys.argv[1:]
accuracy = yaml.safe_load(open("studies/params.yaml"))[study][trial].get("accuracy")
if accuracy is None:
    sys.exit("study: no ImageNet weights here")
figures = {"val_accuracy": accuracy, "val_corruption_accuracy": accuracy / 2, "parameters": {"backbone": 1000},
    "mb": {"backbone": 0.01}, "phases": {"frozen": {"epochs": 3, "best": 2}}}
text = json.dumps(figures)
pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
pathlib.Path(out).write_text(text)
pathlib.Path(record).parent.mkdir(parents=True, exist_ok=True)
pathlib.Path(record).write_text(json.dumps({"seconds": 7.0, "result": hashlib.md5(text.encode()).hexdigest()}))
"""
