"""`python -m bench.networks`: time of one glyph in each shipped model, against the seed network.

The models take turns in one thread, so other load on the machine affects all of them. The seed
network is exported untrained in the same run, because weights do not change the time.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from webapp.config import ROOT
from webapp.recognition import CHANNELS, SIDE, LiteRTClassifier, load_model

SEED = "seed network"


def seed_network() -> LiteRTClassifier:
    """Return the 93,322-parameter network alone, from the ink to ten probabilities."""
    from train.digit.fit import quieten_tensorflow

    quieten_tensorflow()
    import keras

    from train.digit.network import build_network
    from train.fit import artefacts

    network = build_network()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed.tflite"
        artefacts.export(keras.Model(network.input, network.output["digit"]), path)
        return LiteRTClassifier(path.read_bytes())


def main() -> None:
    """Print medians of processor time, and their ratio to the seed network's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="of 20 glyphs (default: 300)")
    rounds = parser.parse_args().rounds
    classifiers = {SEED: seed_network()} | {
        name: LiteRTClassifier(load_model(ROOT / "models", name).content)
        for name in ("digits", "ink", "pen")
    }
    glyph = np.zeros((1, SIDE, SIDE, CHANNELS), np.uint8)
    times: dict[str, list[float]] = {name: [] for name in classifiers}
    for _ in range(rounds):
        for name, classifier in classifiers.items():
            start = time.process_time()
            for _ in range(20):
                classifier.classify(glyph)
            times[name].append((time.process_time() - start) * 1000 / 20)
    seed = statistics.median(times[SEED])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:<14} {median:.4f} ms a glyph   {median / seed:.2f} x")


if __name__ == "__main__":
    main()
