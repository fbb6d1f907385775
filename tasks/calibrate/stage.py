"""calibrate: fit temperature, thresholds and the out-of-distribution detector, and write the complete model."""

from pathlib import Path

from tasks import command, model, splits
from tasks.calibrate import agreement, fitting
from tasks.calibrate.settings import Calibrate
from tasks.selective import selective_classifier


def main(calibrate: Calibrate, clean: Path, ingested: Path, network: Path, out: Path) -> None:
    """Write the model's folder: the network as it was trained, and what calibrates it and lets it abstain."""
    classifier = model.load(network)
    arrays, (train, val) = splits.read(clean, ingested, classifier.classes, ["train", "val"])
    fitted = fitting.fit(calibrate, classifier, arrays, train, val)
    model.save(
        out,
        classifier.network,
        classifier.classes,
        classifier.crop,
        {**classifier.provenance, "calibrate": calibrate.model_dump(mode="json")},
        classifier.training_ids,
        fitted.describe(),
        fitted.arrays(),
    )
    answerers = selective_classifier.load(out), selective_classifier.load_keras(out)
    difference = agreement.largest_difference(*answerers, arrays.take(val.places[: agreement.PROBES]))
    print(
        f"calibrate: temperature {fitted.temperature.base:.3f} + {fitted.temperature.slope:.3f} z (softplus), "
        f"confidence threshold {fitted.least_confidence:.3f}, cells up to a score of {fitted.largest_score:.4f}; "
        f"ONNX Runtime differs from Keras by {difference:.1g}"
    )


if __name__ == "__main__":
    command.run(main, Calibrate)
