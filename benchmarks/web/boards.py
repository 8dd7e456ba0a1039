"""The other tools with the same experiments, as servers: `python -m benchmarks.web.boards NAME PORT COUNT`."""

from __future__ import annotations

import functools
import http.server
import sys
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.web.data import columns_of


def hiplot(port: int, count: int) -> None:
    """HiPlot's page with the experiments in it, as it saves it."""
    import hiplot as library

    settings, metrics = columns_of(count)
    folder = tempfile.mkdtemp(prefix="htb-hiplot-")
    library.Experiment.from_dataframe(pd.DataFrame({**settings, **metrics})).to_html(str(Path(folder) / "index.html"))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    http.server.ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()


def optuna(port: int, count: int) -> None:
    """Optuna Dashboard on a study in memory, which spares it every query."""
    import optuna as library
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna_dashboard import run_server

    settings, metrics = columns_of(count)
    space = {
        "lr": FloatDistribution(1e-5, 1e-1, log=True),
        "batch_size": IntDistribution(16, 512),
        "dropout": FloatDistribution(0, 0.7),
        "optimizer": CategoricalDistribution(("adam", "sgd", "rmsprop")),
        "layers": IntDistribution(1, 6),
        "weight_decay": FloatDistribution(1e-6, 1e-2, log=True),
    }
    library.logging.set_verbosity(library.logging.ERROR)
    storage = library.storages.InMemoryStorage()
    study = library.create_study(storage=storage, study_name="speed", direction="maximize")
    for place, values in enumerate(zip(*settings.values(), strict=True)):
        others = {name: column[place] for name, column in metrics.items()}
        params = dict(zip(settings, values, strict=True))
        value = metrics["validation_accuracy"][place]
        trial = library.trial.create_trial(params=params, distributions=space, value=value, user_attrs=others)
        study.add_trial(trial)
    run_server(storage, host="127.0.0.1", port=port)


if __name__ == "__main__":
    {"hiplot": hiplot, "optuna": optuna}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
