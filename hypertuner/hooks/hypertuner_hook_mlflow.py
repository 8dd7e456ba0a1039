"""`mlflow.log_metric("loss", 0.3, step=3)` and `mlflow.log_metrics({...})`, which both end in the client."""

from hypertuner_hooks import record, wrapped


def follow(module):
    wrapped(module.MlflowClient, "log_metric", _one)
    wrapped(module.MlflowClient, "log_batch", _several)


# Parameters have the names of those that they go with.
def _one(client, run_id, key, value, timestamp=None, step=None, *_, **__):
    record("MLflow", {key: value}, step)


def _several(client, run_id, metrics=(), *_, **__):
    for metric in metrics:
        record("MLflow", {metric.key: metric.value}, metric.step)
