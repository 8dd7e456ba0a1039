"""The loggers that are followed, as they are: real packages with tiny models. `make packages` runs this."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hypertuner

pytestmark = [pytest.mark.packages, pytest.mark.timeout(300)]

HOOKS = Path(hypertuner.__file__).parent / "hooks"
# The Python of an environment that has them; see the Makefile.
PYTHON = os.environ.get("HYPERTUNER_PACKAGES_PYTHON", sys.executable)

WANDB = """
import wandb
run = wandb.init(project="x", mode="offline")
for epoch in range(2): wandb.log({"loss": 1 / (epoch + 1), "picture": "none"}, step=epoch)
run.finish()
"""
MLFLOW = """
import mlflow
mlflow.set_tracking_uri("file:./mlruns")
with mlflow.start_run():
    mlflow.log_metric("loss", 1.0, step=0)
    mlflow.log_metrics({"loss": 0.5}, step=1)
"""
TORCH = """
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter("runs") as writer:
    for step in range(2): writer.add_scalar("loss", 1 / (step + 1), step)
"""
TRACKIO = """
import trackio
trackio.init(project="x")
for step in range(2): trackio.log({"loss": 1 / (step + 1)}, step=step)
trackio.finish()
"""
LIGHTNING = """
import torch, lightning
class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
    def training_step(self, batch, at):
        self.log("loss", torch.tensor(1 / (self.current_epoch + 1)), on_epoch=True, on_step=False)
        return self.layer(batch[0]).pow(2).mean()
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(8, 2)), batch_size=4)
trainer = lightning.Trainer(max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False)
trainer.fit(Model(), data)
"""
KERAS = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(numpy.zeros((8, 2)), numpy.ones(8), epochs=2, verbose=0)
"""
TRANSFORMERS = """
import torch
from transformers import Trainer, TrainingArguments
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
    def forward(self, x=None, labels=None):
        return {"loss": (self.layer(x).squeeze(-1) - labels).pow(2).mean()}
data = [{"x": torch.randn(2), "labels": torch.tensor(1.0)} for _ in range(8)]
kinds = {"num_train_epochs": 2, "logging_steps": 1, "report_to": [], "per_device_train_batch_size": 8, "use_cpu": True}
Trainer(Model(), TrainingArguments("out", **kinds), train_dataset=data).train()
"""


@pytest.mark.parametrize(
    ("code", "source"),
    [
        (WANDB, "wandb"), (MLFLOW, "MLflow"), (TORCH, "SummaryWriter"), (TRACKIO, "trackio"), (LIGHTNING, "Lightning"),
        (KERAS, "Keras"), (TRANSFORMERS, "Trainer"),
    ],
    ids=["wandb", "mlflow", "torch", "trackio", "lightning", "keras", "transformers"],
)  # fmt: skip
def test_a_logger_is_followed(code: str, source: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(code)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(HOOKS), "WANDB_SILENT": "true",
        "MLFLOW_ALLOW_FILE_STORE": "true", "HYPERTUNER_HOOKED": str(tmp_path / "hooked.jsonl"),
    }  # fmt: skip
    done = subprocess.run(
        [PYTHON, "train.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "hypertuner:" not in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "hooked.jsonl").read_text().splitlines()]
    losses = [line for line in lines if "loss" in line["m"]]
    assert [line["from"] for line in losses] == [source] * 2
    assert all("batch" in line or "epoch" in line for line in losses)
    first, second = (line["m"]["loss"] for line in losses)
    # Of the Trainer the data is random.
    assert source == "Trainer" or second < first
