"""Train a small convolutional network to read handwritten digits.

Uses scikit-learn's 1,797 digits of 8 x 8 pixels, or files in MNIST's idx format with --data FOLDER.
Runs on its own: python train.py --batch_size 56 --num_epochs 8 --dropout_rate 0.3
"""

import argparse
import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import hypertuner

OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    model = parser.add_argument_group("model")
    model.add_argument(
        "--channels", type=int, default=16, help="filters of the first convolution; the second has twice"
    )
    model.add_argument("--hidden_units", type=int, default=128, help="width of the hidden layer")
    model.add_argument("--dropout_rate", type=float, default=0.5, help="share of units left out while training")
    training = parser.add_argument_group("training")
    training.add_argument("--batch_size", type=int, default=56, help="images per step")
    training.add_argument("--num_epochs", type=int, default=6, help="passes over the training images")
    training.add_argument("--learning_rate", type=float, default=0.005, help="size of a step")
    training.add_argument("--optimizer", choices=sorted(OPTIMIZERS), default="adam", help="rule of a step")
    training.add_argument("--weight_decay", type=float, default=0.0, help="pull of the weights towards 0")
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data", type=Path, help="folder with MNIST's idx files, .gz or not; default: scikit-learn's digits"
    )
    data.add_argument("--num_samples", type=int, help="use only that many images, drawn at random")
    data.add_argument("--validation_fraction", type=float, default=0.3, help="share of the images kept for validation")
    data.add_argument("--seed", type=int, default=0, help="of the split, the first weights and the order of images")
    return parser.parse_args()


def load_sklearn_digits() -> tuple[Tensor, Tensor]:
    # What load_digits() reads; importing scikit-learn for it would take longer than all of the training here.
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise SystemExit(
            "The digits come with scikit-learn: pip install scikit-learn, or name MNIST files with --data."
        )
    table = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    return torch.tensor(table[:, :-1] / 16, dtype=torch.float32).reshape(-1, 8, 8), torch.tensor(table[:, -1]).long()


def read_idx(path: Path) -> np.ndarray:
    """An array in the format of http://yann.lecun.com/exdb/mnist: a header with its shape, then its bytes."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    dimensions = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=dimensions, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def load_mnist(folder: Path) -> tuple[Tensor, Tensor]:
    """The training images of the folder; where it has only the test images (t10k), those."""
    for part in ("train", "t10k"):
        images = sorted(folder.glob(f"{part}-images*idx3-ubyte*"))
        labels = sorted(folder.glob(f"{part}-labels*idx1-ubyte*"))
        if images and labels:
            pixels = torch.tensor(read_idx(images[0]), dtype=torch.float32) / 255
            return pixels, torch.tensor(read_idx(labels[0]), dtype=torch.int64)
    raise SystemExit(f"{folder} has neither train-images-idx3-ubyte nor t10k-images-idx3-ubyte with its labels")


class DigitReader(nn.Module):
    """Two convolutions and a hidden layer, for square images of any size."""

    def __init__(self, side: int, channels: int, hidden_units: int, dropout_rate: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, kernel_size=3, padding=1)
        self.second = nn.Conv2d(channels, 2 * channels, kernel_size=3, padding=1)
        self.hidden = nn.Linear(2 * channels * (side // 4) ** 2, hidden_units)
        self.output = nn.Linear(hidden_units, 10)
        self.dropout = nn.Dropout(dropout_rate)

    def forward(self, images: Tensor) -> Tensor:
        found = functional.max_pool2d(functional.relu(self.first(images[:, None])), 2)
        found = functional.max_pool2d(functional.relu(self.second(found)), 2)
        found = functional.relu(self.hidden(self.dropout(found.flatten(1))))
        return self.output(self.dropout(found))


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor, *, batch_size: int, epoch: int
) -> None:
    model.train()
    for batch, chosen in enumerate(torch.randperm(len(images)).split(batch_size), start=1):
        scores = model(images[chosen])
        loss = functional.cross_entropy(scores, labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        accuracy = (scores.argmax(1) == labels[chosen]).float().mean()
        hypertuner.log(epoch=epoch, batch=batch, batch_loss=loss, batch_accuracy=accuracy)


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float, Tensor]:
    """Mean loss, accuracy and the predicted digits, without dropout."""
    model.eval()
    scores = torch.cat([model(part) for part in images.split(1000)])
    predicted = scores.argmax(1)
    return functional.cross_entropy(scores, labels).item(), (predicted == labels).float().mean().item(), predicted


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)

    images, labels = load_mnist(arguments.data) if arguments.data else load_sklearn_digits()
    order = torch.randperm(len(images))[: arguments.num_samples]
    held_out_count = round(len(order) * arguments.validation_fraction)
    held_out, kept = order[:held_out_count], order[held_out_count:]
    model = DigitReader(images.shape[1], arguments.channels, arguments.hidden_units, arguments.dropout_rate)
    optimizer = OPTIMIZERS[arguments.optimizer](
        model.parameters(), lr=arguments.learning_rate, weight_decay=arguments.weight_decay
    )

    for epoch in range(1, arguments.num_epochs + 1):
        train_epoch(model, optimizer, images[kept], labels[kept], batch_size=arguments.batch_size, epoch=epoch)
        loss, accuracy, _ = evaluate(model, images[kept], labels[kept])
        validation_loss, validation_accuracy, predicted = evaluate(model, images[held_out], labels[held_out])
        hypertuner.log(
            epoch=epoch,
            epochs=arguments.num_epochs,
            loss=loss,
            accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
        )
        hypertuner.views.confusion_matrix(
            labels[held_out], predicted, labels=range(10), examples=images[held_out], epoch=epoch
        )
        print(
            f"Epoch {epoch}/{arguments.num_epochs} loss: {loss:.4f} accuracy: {accuracy:.4f} "
            f"validation_loss: {validation_loss:.4f} validation_accuracy: {validation_accuracy:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
