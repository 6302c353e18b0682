"""Recipes: the hyperparameters of each shipped model. docs/training.md explains them."""

from dataclasses import replace

from ..augment.strokes import Warp
from .fit import Hyperparameters
from .sources import Rendering

RECIPES = {
    "digits": Hyperparameters(epochs=60, channels=1),
    "ink": Hyperparameters(
        epochs=80,
        channels=1,
        strokes_share=0.15,
        styled_share=0.12,
        nondigits_share=0.12,
        is_digit_weight=0.3,
        warp=Warp(styles=0.1),
        rendering=Rendering(undirected=1.0, rough=0.3),
    ),
    "pen": Hyperparameters(
        epochs=56,
        channels=5,
        strokes_share=0.5,
        styled_share=0.12,
        nondigits_share=0.2,
        spoilt_share=0.15,
        drawn_share=0.35,
        is_digit_weight=0.4,
        warp=Warp(rotation=16, styles=0.2),
    ),
}
"""`digits` is the seed network, trained on MNIST alone. `ink` is the same network, also trained on
strokes; it reads pictures. `pen` also gets the pen's direction; it reads strokes."""


def quick(recipe: Hyperparameters) -> Hyperparameters:
    """Return a version of the recipe that trains within a minute.

    So few steps need a shorter average of the weights, and no long warm-up.
    """
    return replace(recipe, epochs=2, warmup_epochs=0.25, averaging=0.97)
