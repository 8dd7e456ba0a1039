"""The clustering example, run for real: one number per metric, its elbow and its clusters."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "digit_clusters" / "train.py"


def test_it_reports_numbers_and_attaches_its_views(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    environment = {**os.environ, "HYPERTUNER_METRICS": str(metrics), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), "--clusters=8", "--restarts=1"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "hypertuner:" not in ended.stderr
    first, *attached = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert set(first["m"]) == {"inertia", "silhouette", "rand_index"}
    assert [line["kind"] for line in attached] == ["elbow", "images", "images", "bars"]
    elbow, centres, closest, sizes = [json.loads((tmp_path / line["file"]).read_text()) for line in attached]
    assert elbow["y"] == sorted(elbow["y"], reverse=True)
    assert (centres["count"], closest["count"]) == (8, 40)
    assert sum(sizes["series"][0]["values"]) == 1797
