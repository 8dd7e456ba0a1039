"""Train a random forest on one of scikit-learn's small data sets, and print how good it is.

Knows nothing of HyperTuner: whoever launches it reads the metrics from what it prints.
"""

import argparse

from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split

DATA_SETS = {"breast_cancer": load_breast_cancer, "digits": load_digits, "wine": load_wine}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=sorted(DATA_SETS), default="breast_cancer", help="the data set")
    parser.add_argument("--n_estimators", type=int, default=100, help="trees in the forest")
    parser.add_argument("--max_depth", type=int, default=None, help="levels of a tree; default: as many as it takes")
    parser.add_argument("--min_samples_leaf", type=int, default=1, help="samples that a leaf holds at least")
    parser.add_argument(
        "--max_features", type=float, default=0.3, help="share of features that a split may choose from"
    )
    parser.add_argument("--criterion", choices=["gini", "entropy", "log_loss"], default="gini", help="rates a split")
    parser.add_argument(
        "--bootstrap", action=argparse.BooleanOptionalAction, default=True, help="resample for each tree"
    )
    parser.add_argument("--test_fraction", type=float, default=0.3, help="share of samples kept for testing")
    parser.add_argument("--seed", type=int, default=0, help="of the split and of the forest")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    features, classes = DATA_SETS[arguments.data](return_X_y=True)
    train_features, test_features, train_classes, test_classes = train_test_split(
        features, classes, test_size=arguments.test_fraction, random_state=arguments.seed, stratify=classes
    )
    forest = RandomForestClassifier(
        n_estimators=arguments.n_estimators,
        max_depth=arguments.max_depth,
        min_samples_leaf=arguments.min_samples_leaf,
        max_features=arguments.max_features,
        criterion=arguments.criterion,
        bootstrap=arguments.bootstrap,
        random_state=arguments.seed,
    )
    forest.fit(train_features, train_classes)

    predicted = forest.predict(test_features)
    accuracy = accuracy_score(test_classes, predicted)
    f1 = f1_score(test_classes, predicted, average="macro")
    loss = log_loss(test_classes, forest.predict_proba(test_features))
    print(f"accuracy: {accuracy:.4f} f1={f1:.4f} log_loss={loss:.4f}")
    print(f"train_accuracy: {forest.score(train_features, train_classes):.4f}")


if __name__ == "__main__":
    main()
