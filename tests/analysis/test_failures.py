"""Tracebacks in what scripts print, and one line for all experiments that failed alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.failures import LONGEST_SIGNATURE, normalised, signature
from analysis.tracebacks import HEAD, Place, find_tracebacks

DIGEST = "0123456789abcdef" * 4
TRACEBACK = """epoch 3
Traceback (most recent call last):
  File "/data/snapshots/{digest}/models/net.py", line 41, in step
    loss.backward()
    ~~~~~~~~~~~~~^^
  File "/venv/lib/python3.11/site-packages/torch/_tensor.py", line 3, in backward
    run()
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {size}. GPU {gpu} has {size} free.
[W1125 socket.cpp:12] Warning: bye
"""


def test_the_place_is_in_the_users_own_code() -> None:
    (found,) = find_tracebacks(TRACEBACK.format(digest=DIGEST, size="2 GiB", gpu=0).splitlines())
    assert (found.kind, found.place) == ("torch.OutOfMemoryError", Place("models/net.py", 41, "step"))
    assert (
        found.headline == "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB. GPU 0 has 2 GiB free."
    )
    assert (found.first_line, found.last_line) == (1, 7)


def test_the_same_failure_has_the_same_signature_whatever_its_numbers() -> None:
    one = signature(TRACEBACK.format(digest=DIGEST, size="20.00 MiB", gpu=0), "exit code 1")
    assert one == signature(TRACEBACK.format(digest=DIGEST[::-1], size="1.5 GiB", gpu=3), "exit code 1")
    assert one.endswith("(models/net.py:41, in step)")
    assert one.startswith("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate ….")
    assert one != signature(TRACEBACK.replace("line 41", "line 42").format(digest=DIGEST, size="2 GiB", gpu=0), "")


def test_what_python_itself_prints_is_read(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import json\n"
        "def load(text):\n    return json.loads(text)\n"
        "def deep(n):\n    return deep(n + 1)\n"
        "import sys\n"
        "try:\n    load('{')\nexcept ValueError as error:\n"
        "    if sys.argv[1] == 'chain': raise RuntimeError('cannot load \\'x1\\'') from error\n"
        "if sys.argv[1] == 'deep': deep(0)\n"
        "if sys.argv[1] == 'syntax': exec('a b')\n"
        "if sys.argv[1] == 'group': raise ExceptionGroup('several', [ValueError('a'), KeyError('b')])\n"
        "if sys.argv[1] == 'plain': load('{')\n"
    )

    def said(word: str) -> str:
        done = subprocess.run([sys.executable, str(script), word], capture_output=True, text=True, check=False)
        return signature(done.stderr, f"exit code {done.returncode}")

    assert said("chain") == "RuntimeError: cannot load … (train.py:10, in <module>)"
    assert said("deep") == "RecursionError: maximum recursion depth exceeded (train.py:5, in deep)"
    assert said("syntax").startswith("SyntaxError: invalid syntax (")
    assert said("group").startswith("ExceptionGroup: several (… sub-exceptions)")
    assert said("plain").endswith("(train.py:3, in load)")
    assert said("none") == "exit code 0"


@pytest.mark.parametrize("mark", ["[rank0]: ", "0: ", "  | "])
def test_marks_in_front_of_each_line_do_not_hide_a_traceback(mark: str) -> None:
    lines = [f"{mark}{HEAD}", f'{mark}  File "a.py", line 3, in f', f"{mark}    x", f"{mark}ValueError: x"]
    (found,) = find_tracebacks(lines)
    assert (found.headline, str(found.place)) == ("ValueError: x", "a.py:3, in f")


def test_a_traceback_that_is_cut_off_is_none() -> None:
    assert find_tracebacks([HEAD, '  File "a.py", line 3, in f']) == []
    assert find_tracebacks([HEAD, "what else?", "ValueError: x"]) == []


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("shapes (64x784 and 512x10)", "shapes (… and …)"),
        ("size [64, 10, 3]", "size […]"),
        ("No such file: '/home/me/a b.csv'", "No such file: …"),
        ('key "a" of `b`', "key … of …"),
        ("cannot open /tmp/tmpab12/x.csv: gone", "cannot open …: gone"),
        ("<Model object at 0x7f3b2a>", "<Model object at …>"),
        ("job 3f2a9c1e77 died", "job … died"),
        ("can't do that, isn't it", "can't do that, isn't it"),
        ("loss is NaN after -1.5e-3 s", "loss is … after …"),
        ("expected Float32, got int64 in conv2d", "expected Float32, got int64 in conv2d"),
    ],
)
def test_what_varies_is_taken_out_and_words_stay(message: str, shown: str) -> None:
    assert normalised(message) == shown


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("exit code 3: error: no file 'a7'", "exit code 3: error: no file …"),
        ("killed by signal 9 (SIGKILL)", "killed by signal 9 (SIGKILL)"),
        ("time limit of 0.5 s reached", "time limit of 0.5 s reached"),
        ("", "no reason is known"),
    ],
)
def test_without_a_traceback_the_reason_is_what_they_have_in_common(reason: str, shown: str) -> None:
    assert signature("", reason) == shown


@given(
    st.text()
    | st.lists(st.sampled_from([HEAD, '  File "a", line 1, in f', "E: x", "", "| ", "'", "0x1"])).map("\n".join)
)
def test_any_text_has_a_short_signature(text: str) -> None:
    assert 0 < len(signature(text, text)) <= LONGEST_SIGNATURE
