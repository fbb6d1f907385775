import keras
import pytest

from tasks.train import optimizers


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adam", keras.optimizers.Adam), ("adamw", keras.optimizers.AdamW), ("lion", keras.optimizers.Lion)],
)
def test_optimizers_by_their_names(small, name: str, kind: type) -> None:
    made = optimizers.build(small.settings(optimizer=name, weight_decay=0.01, ema=0.9), 0.1, 10, 5)
    assert type(made) is kind
    assert (made.weight_decay, made.use_ema, made.ema_momentum) == (0.01, True, 0.9)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.1, 0.1, 0.1]),
        ("exponential", [0.1, 0.05, 0.1 * 0.5**5]),
        ("cosine", [0.1, 0.1 * (1 + 0.8090169943749475) / 2, 0.0]),
        ("plateau", [0.1, 0.1, 0.1]),
    ],
)
def test_the_learning_rate_at_the_start_after_an_epoch_and_at_the_end(small, schedule: str, rates: list[float]) -> None:
    made = optimizers.build(small.settings(schedule=schedule, decay=0.5), 0.1, 10, 5)
    found = []
    for step in (0, 10, 50):
        made.iterations.assign(step)
        found.append(float(made.learning_rate))
    assert found == pytest.approx(rates, abs=1e-6)


def test_no_weight_decay_is_none(small) -> None:
    assert optimizers.build(small.settings(weight_decay=0.0), 0.1, 1, 1).weight_decay is None


def test_a_plateau_lowers_the_rate(small) -> None:
    settings = small.settings(schedule="plateau", decay=0.5, plateau_patience=2, monitor="val_accuracy")
    (callback,) = optimizers.plateau(settings)
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizers.build(settings, 0.1, 1, 9), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, score in enumerate([0.5, 0.6, 0.6, 0.6]):
        callback.on_epoch_end(epoch, {"val_accuracy": score})
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_other_schedules_have_no_such_callback(small) -> None:
    assert optimizers.plateau(small.settings(schedule="cosine")) == []


@pytest.mark.parametrize(("monitor", "mode"), [("val_accuracy", "max"), ("val_corruption_loss", "min")])
def test_losses_are_to_fall_and_scores_to_rise(monitor: str, mode: str) -> None:
    assert optimizers.mode(monitor) == mode
