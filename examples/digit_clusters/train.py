"""Sort handwritten digits into clusters by k-means, without ever being told which digit is which.

A learner without epochs: it reports each metric once, and shows its elbow and its clusters instead of curves.
Runs on its own: python train.py --clusters 10
"""

import argparse

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score, silhouette_score

import hypertuner


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=10, help="how many clusters to find")
    parser.add_argument("--init", choices=["k-means++", "random"], default="k-means++", help="first centres")
    parser.add_argument("--restarts", type=int, default=4, help="runs from other centres, of which the best counts")
    parser.add_argument("--seed", type=int, default=0, help="of the first centres")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    digits = load_digits()

    def fit(clusters: int) -> KMeans:
        model = KMeans(clusters, init=arguments.init, n_init=arguments.restarts, random_state=arguments.seed)
        return model.fit(digits.data)

    model = fit(arguments.clusters)
    hypertuner.log(
        inertia=model.inertia_,
        silhouette=silhouette_score(digits.data, model.labels_, sample_size=600, random_state=0),
        rand_index=adjusted_rand_score(digits.target, model.labels_),
    )

    ks = sorted({2, 4, 6, 8, 10, 12, 16, 20, arguments.clusters})
    hypertuner.views.elbow(ks, [fit(k).inertia_ for k in ks])
    # The centres, then the members of each cluster that lie closest to them.
    distances = model.transform(digits.data)
    closest = [np.argsort(distances[:, cluster])[:5] for cluster in range(arguments.clusters)]
    hypertuner.views.images(model.cluster_centers_.reshape(-1, 8, 8), labels=range(arguments.clusters), name="centres")
    hypertuner.views.images(
        digits.images[np.concatenate(closest)],
        labels=np.repeat(range(arguments.clusters), [len(members) for members in closest]),
        captions=[f"a {digit}" for digit in digits.target[np.concatenate(closest)]],
        name="closest to the centres",
        most=200,
    )
    hypertuner.views.bars(range(arguments.clusters), np.bincount(model.labels_), name="sizes of the clusters")


if __name__ == "__main__":
    main()
