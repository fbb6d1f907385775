"""A trained model for other tools: a Keras file, an ONNX file, a SavedModel, or a zip as the contest took it.

All of them give the network's own probabilities, not calibrated ones. A temperature here depends on the image's
out-of-distribution score (`tasks.selective`), which users of these formats would not compute. For calibrated
predictions use `hemaflow predict`. Classes, sizes, calibration and provenance go along as JSON, the `facts`.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tasks.model import Classifier

FACTS = "hemaflow.json"


class Form(NamedTuple):
    """How a model is written: `suffix` is the end of a file's name, "" for a folder."""

    suffix: str
    write: Callable[["Classifier", Path], None]


def export(folder: Path, out: Path, form: str) -> None:
    """Write the model in `folder` to `out` as `form`: keras, onnx, savedmodel or submission; complete or not at all.

    keras: `keras.models.load_model` reads it, safe mode and all; float images, 0 to 255.
    onnx: input `images` uint8 (n, side, side, 3), output `probabilities`; `facts` are the file's metadata.
    savedmodel: a folder, endpoint `serve`, takes and gives the same; `assets.extra/hemaflow.json` has the facts.
    submission: a zip with model.py, whose class `Model` predicts labels with TensorFlow and NumPy alone.
    Raises ValueError for an unknown form, a name that does not end as the form's, and a layer that ONNX has not,
    FileExistsError where something stands at `out`; and what `tasks.model.load` does.
    """
    if form not in FORMS:
        raise ValueError(f"format must be one of {', '.join(FORMS)}, got {form!r}")
    suffix, write = FORMS[form]
    if suffix and out.suffix != suffix:
        raise ValueError(f"the name of a file of the format {form} ends with {suffix}, got {out}")
    if out.exists():
        raise FileExistsError(f"{out} exists: give a new path, or remove it first")
    from tasks import model  # here, because TensorFlow takes seconds to come

    classifier = model.load(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".partial-{out.name}")  # its end too is the form's
    _remove(partial)
    try:
        write(classifier, partial)
        partial.rename(out)
    finally:
        _remove(partial)


def facts(classifier: "Classifier") -> dict[str, str]:
    """What goes along with every form, each value text or JSON."""
    values = {
        "classes": classifier.classes,
        "image_size": classifier.image_size,
        "crop": classifier.crop,
        "calibration": classifier.calibration,
        "provenance": classifier.provenance,
    }
    described = {"images": "RGB, 0 to 255, centre crop of `crop`, resized", "probabilities": "not calibrated"}
    return described | {name: json.dumps(value) for name, value in values.items()}


def _keras(classifier: "Classifier", out: Path) -> None:
    classifier.network.save(out)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(FACTS, _text(classifier))


def _onnx(classifier: "Classifier", out: Path) -> None:
    from tasks.export import onnx  # here and below, because the other forms need none of it

    out.write_bytes(onnx.convert(classifier.network, facts(classifier)).SerializeToString())


def _savedmodel(classifier: "Classifier", out: Path) -> None:
    """By TensorFlow itself: Keras' `Model.export` writes every weight twice."""
    import tensorflow as tf

    side = classifier.image_size
    spec = tf.TensorSpec((None, side, side, 3), tf.uint8, name="images")

    @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": classifier.network(tf.cast(images, tf.float32), training=False)}

    module = tf.Module()
    module.weights = [variable.value for variable in classifier.network.weights]
    module.serve = serve
    tf.saved_model.save(module, str(out), signatures={"serving_default": serve})
    (out / "assets.extra").mkdir()  # TensorFlow's name for what it leaves alone
    (out / "assets.extra" / FACTS).write_text(_text(classifier))


def _submission(classifier: "Classifier", out: Path) -> None:
    from tasks.export import submission

    folder = out.with_suffix("")
    _remove(folder)
    try:
        _savedmodel(classifier, folder)
        submission.pack(folder, out)
    finally:
        _remove(folder)


def _text(classifier: "Classifier") -> str:
    return json.dumps(facts(classifier), indent=1) + "\n"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


FORMS = {
    "keras": Form(".keras", _keras),
    "onnx": Form(".onnx", _onnx),
    "savedmodel": Form("", _savedmodel),
    "submission": Form(".zip", _submission),
}
