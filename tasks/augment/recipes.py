"""The change that a recipe of `tasks.augment.table` makes, by the engine that it names."""

from tasks.augment.table import ENGINES, FAMILIES, FAMILY, MOST, OF_ENGINE, RECIPES, STEPS, Change, Recipe


def augmenter(recipe: Recipe, seed: int, *, compiled: bool = True, rising: int = 0) -> Change:
    """A function of images, float32 (n, side, side, 3), 0 to 255, and a step, an int64 scalar; gives such images.

    For `tf.data.Dataset.map`, where n may be unknown, and for eager use. Each image of a batch is changed by itself.
    With the engine `batched` the result follows from (images, seed, step) alone, whatever runs in parallel, and the
    function compiles inside `tf.function(jit_compile=True)` too. With `keras_cv` it does not repeat. `compiled` False
    leaves out XLA, which takes seconds for each new n and recipe: for a few images, the same ones to a grey level.
    Over the first `rising` steps magnitude and square grow from 0 (progressive learning, arXiv:2104.00298); `keras_cv`
    cannot. Raises ValueError for an unknown engine or recipe, and for a number out of range.
    """
    _check(recipe, seed)
    if not recipe.steps:
        return lambda images, step: images
    # Here, because each engine is slow to import, KerasCV most of all.
    if recipe.engine == "keras_cv":
        from tasks.augment import kerascv

        if rising:
            raise ValueError("rise must be 0 with the engine keras_cv, whose strengths do not change")
        return kerascv.augmenter(recipe)
    from tasks.augment import batched

    return batched.augmenter(recipe, seed, compiled=compiled, rising=rising)


def _check(recipe: Recipe, seed: int) -> None:
    for name, known in (("engine", ENGINES), ("recipe", RECIPES)):
        if getattr(recipe, name) not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(recipe, name)!r}")
    if not 0 <= recipe.operations <= MOST:
        raise ValueError(f"operations must be 0 to {MOST}, got {recipe.operations}")
    for name in ("magnitude", "cutout"):
        if not 0 <= getattr(recipe, name) <= 1:
            raise ValueError(f"{name} must be 0 to 1, got {getattr(recipe, name)}")
    check_fit(recipe)
    if not 0 <= seed < 2**31:
        raise ValueError(f"seed must be 0 to {2**31 - 1}, got {seed}")


def check_fit(recipe: Recipe) -> None:
    """Raises ValueError for a recipe that its engine does not know, and for families that it cannot leave out."""
    for engine, known in OF_ENGINE.items():
        if recipe.engine == engine and recipe.recipe in RECIPES and recipe.recipe not in known:
            raise ValueError(f"recipe of engine {engine} must be one of {', '.join(known)}, got {recipe.recipe!r}")
    if strangers := sorted(set(recipe.without) - set(FAMILIES)):
        raise ValueError(f"without must name families among {', '.join(FAMILIES)}, got {strangers[0]!r}")
    own = {FAMILY[step] for step in STEPS[recipe.recipe] if step in FAMILY}
    if absent := [family for family in recipe.without if family not in own]:
        raise ValueError(f"recipe {recipe.recipe} has no steps of a family {absent[0]} to leave out (without)")
