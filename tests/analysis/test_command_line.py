"""The bracket command line, both ways."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.candidates import Written
from analysis.command_line import (
    CommandLine,
    CommandLineError,
    as_typed,
    format_command_line,
    parse_command_line,
    split,
)
from analysis.hyperparameters import Hyperparameter, Value, argv_of, text_of

HYPERPARAMETERS = [
    Hyperparameter("batch_size", "--batch_size", "int", 56, spellings=("-b", "--batch_size")),
    Hyperparameter("num_epochs", "--num_epochs", "int", 6),
    Hyperparameter("dropout_rate", "--dropout_rate", "float", 0.5, spellings=("-d", "--dropout_rate")),
    Hyperparameter("optimizer", "--optimizer", "choice", "adam", choices=("adam", "sgd")),
    Hyperparameter("use_bn", "--use_bn", "bool", False, is_switch=True),
    Hyperparameter("augment", "--augment", "bool", True, is_switch=True, off_flag="--no-augment"),
    Hyperparameter("shuffle", "--shuffle", "bool", True),
    Hyperparameter("device", "--device", "text", "cpu"),
    Hyperparameter("layers", "--layers", "text", "64 32", takes_many=True),
]
PAPER = "python train.py --batch_size [28,56,128,256] --num_epochs [6,12] --dropout_rate [0.3,0.5,0.7]"


def read(text: str | list[str]) -> CommandLine:
    return parse_command_line(text, HYPERPARAMETERS)


def refusal(text: str | list[str], hyperparameters: list[Hyperparameter] = HYPERPARAMETERS) -> CommandLineError:
    with pytest.raises(CommandLineError) as refused:
        parse_command_line(text, hyperparameters)
    assert refused.value.message.endswith((".", "?"))
    return refused.value


def test_an_option_without_a_value_is_left_out() -> None:
    known = [Hyperparameter("clip", "--clip", "float", 1.0), Hyperparameter("lr", "--lr", "float", 0.1)]
    assert argv_of((), {"clip": None, "lr": 0.2}, known) == ["--lr=0.2"]
    read = parse_command_line("python train.py --clip [None,0.5] --lr 0.2", known)
    assert read.space == {"clip": (None, 0.5), "lr": (0.2,)}
    assert format_command_line(read.prefix, read.written, known) == "python train.py --clip [None,0.5] --lr 0.2"


def test_the_papers_command_is_read_and_written_unchanged() -> None:
    line = read(PAPER)
    assert line.prefix == ("python", "train.py")
    assert line.space == {
        "batch_size": (28, 56, 128, 256),
        "num_epochs": (6, 12),
        "dropout_rate": (0.3, 0.5, 0.7),
    }
    assert format_command_line(line.prefix, line.written, HYPERPARAMETERS) == PAPER


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("--batch_size 28", {"batch_size": (28,)}),
        ("--batch_size=28", {"batch_size": (28,)}),
        ("--batch_size=[28, 56]", {"batch_size": (28, 56)}),
        ("--batch_size [28:112:2*]", {"batch_size": (28, 56, 112)}),
        ("-b 28", {"batch_size": (28,)}),
        ("-b28", {"batch_size": (28,)}),
        ("-b=[28,56]", {"batch_size": (28, 56)}),
        ("--dropout_rate -0.5", {"dropout_rate": (-0.5,)}),
        ("--dropout_rate -1e-05 --use_bn", {"dropout_rate": (-1e-05,), "use_bn": (True,)}),
        ("--dropout_rate [-0.5,.5]", {"dropout_rate": (-0.5, 0.5)}),
        ("--use_bn", {"use_bn": (True,)}),
        ("--use_bn false", {"use_bn": (False,)}),
        ("--no-use_bn", {"use_bn": (False,)}),
        ("--no_use_bn", {"use_bn": (False,)}),
        ("--use_bn [true,false]", {"use_bn": (True, False)}),
        ("--no-augment", {"augment": (False,)}),
        ("--shuffle no", {"shuffle": (False,)}),
        ("--shuffle", {"shuffle": (True,)}),
        ("--shuffle --batch_size 28", {"shuffle": (True,), "batch_size": (28,)}),
        ("--device 'cuda 0'", {"device": ("cuda 0",)}),
        ('--device "cuda\\"0"', {"device": ('cuda"0',)}),
        ("--device cuda\\ 0", {"device": ("cuda 0",)}),
        ("--device ''", {"device": ("",)}),
        ("--device a,b", {"device": ("a,b",)}),
        ("--device=-1", {"device": ("-1",)}),
        ('--device ["a, b", c d]', {"device": ("a, b", "c d")}),
        ("""--device '["a, b", c]'""", {"device": ("a, b", "c")}),
        ("--layers 64 32 --use_bn", {"layers": ("64 32",), "use_bn": (True,)}),
        ("--layers [64 32, 128]", {"layers": ("64 32", "128")}),
        ("\\\n  --batch_size 28 \\\n  --num_epochs 6", {"batch_size": (28,), "num_epochs": (6,)}),
    ],
)
def test_options_are_read_as_people_write_them(text: str, candidates: dict[str, tuple[Value, ...]]) -> None:
    line = read(f"python train.py {text}")
    assert (line.prefix, line.space) == (("python", "train.py"), candidates)


def test_positional_items_stay_in_front_wherever_they_were_written() -> None:
    line = read("/opt/my python/bin/python".replace(" ", "\\ ") + " train.py data -1 --use_bn out --batch_size 28 last")
    assert line.prefix == ("/opt/my python/bin/python", "train.py", "data", "-1", "out", "last")
    assert format_command_line(line.prefix, line.written, HYPERPARAMETERS) == (
        "'/opt/my python/bin/python' train.py data -1 out last --use_bn --batch_size 28"
    )


def test_items_that_a_shell_split_are_put_together_again() -> None:
    typed = "python train.py --batch_size [28, 56 , 112] --dropout_rate=[0.3, 0.5] pos"
    assert read(typed.split()) == read(typed)
    assert read(typed).prefix == ("python", "train.py", "pos")


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        (
            "python train.py --num_epocs 3",
            "--num_epocs",
            "--num_epocs is not an option of train.py; did you mean --num_epochs?",
        ),
        ("python src/train.py --batch-size 3", "--batch-size", "not an option of train.py; did you mean --batch_size?"),
        ("python train.py --batch 3", "--batch", "did you mean --batch_size?"),
        ("python train.py | tee log", "|", "is for a shell"),
        ("cd x && python train.py", "&&", "sh train.sh"),
        ("python train.py 2>&1", "2>&1", "sh train.sh"),
        (
            "python train.py --zzz=3",
            "--zzz",
            "it has --batch_size, --num_epochs, --dropout_rate, --optimizer, --use_bn and 4 more.",
        ),
        ("python train.py --batch_size 2 -b 3", "-b 3", "-b stands twice"),
        ("python train.py --use_bn --no-use_bn", "--no-use_bn", "stands twice"),
        ("python train.py --batch_size", "", "--batch_size needs a value; write one behind it, as in --batch_size 56."),
        ("python train.py --batch_size --use_bn", " --use_bn", "--batch_size needs a value"),
        ("python train.py --batch_size []", "[]", "There is no value here"),
        ("python train.py --batch_size [28, fast]", "fast", "--batch_size takes a whole number"),
        ("python train.py --batch_size 'fa st'", "fa st", "--batch_size takes a whole number"),
        ("python train.py --batch_size=fast", "fast", "--batch_size takes a whole number"),
        ("python train.py --batch_size [28, 56", "[28", "never closed"),
        ("python train.py --batch_size [1:9:0]", "1:9:0", "A step of 0 never ends"),
        ("python train.py --optimizer adma", "adma", "'adma' is no choice of --optimizer; it takes adam, sgd."),
        ("python train.py --use_bn=maybe", "maybe", "either true or false"),
        ("python train.py --device 'cuda", "'cuda", "This quote is never closed"),
        ("python train.py --device a\\", "\\", "Nothing follows this backslash"),
        ("python train.py -- --batch_size 3", "-- ", "Behind --"),
        ("train.py --batch_size 3", "train.py", "write python in front"),
        ("python --batch_size 3", "--batch_size", "Behind python comes the script"),
        ("python", "", "Behind python comes the script"),
        ("", "", "There is no command here"),
    ],
)
def test_a_slip_is_named_at_its_place(text: str, at: str, said: str) -> None:
    error = refusal(text)
    assert said in error.message
    assert error.column == (text.index(at) if at else len(text))


def test_a_slip_in_a_shells_items_is_named_in_the_joined_items() -> None:
    items = ["python", "train.py", "--batch_size", "[28,", "fast]"]
    assert refusal(items).column == " ".join(items).index("fast")


def test_a_script_without_options_refuses_every_flag() -> None:
    assert (
        refusal("python train.py --lr 3", []).message == "--lr is not an option of train.py, which has none; remove it."
    )


def test_a_required_option_must_stand() -> None:
    known = [*HYPERPARAMETERS, Hyperparameter("data", "--data", "text", is_required=True)]
    error = refusal("python train.py --use_bn", known)
    assert error.message == "train.py does not run without --data; add --data VALUE."
    assert error.column == len("python train.py --use_bn")
    assert parse_command_line("python train.py --data x", known).space == {"data": ("x",)}


# Plain words are split as a shell splits them; brackets are ours.
@given(st.text("ab= -'\"\\\n\t$;&*é", max_size=14))
def test_text_is_split_as_shlex_splits_it(text: str) -> None:
    if "\\\n" in text:
        return
    try:
        expected = shlex.split(text)
    except ValueError:
        with pytest.raises(CommandLineError):
            split(text)
    else:
        assert [item.text for item in split(text)] == expected


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8) | st.text(
    "ab,[]\"'\\ :=-1$", max_size=6
)
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "batch_size": st.integers(-(10**6), 10**6),
    "num_epochs": st.integers(1, 99),
    "dropout_rate": st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda value: float(text_of(value)))
    | st.sampled_from(["inf", "-inf"]),
    "optimizer": st.sampled_from(["adam", "sgd"]),
    "use_bn": st.booleans(),
    "augment": st.booleans(),
    "shuffle": st.booleans(),
    "device": WORDS,
    "layers": st.lists(WORDS, max_size=4).map(shlex.join),
}
CANDIDATES = st.lists(st.sampled_from(sorted(VALUES)), unique=True).flatmap(
    lambda names: st.fixed_dictionaries(
        {name: st.lists(VALUES[name], min_size=1, max_size=4, unique=True).map(tuple) for name in names}
    )
)
# What begins with a bracket has candidates.
POSITIONALS = st.lists(WORDS.filter(lambda word: not word.startswith(("-", "["))), max_size=2)


@given(POSITIONALS, CANDIDATES)
def test_what_is_written_reads_back_as_it_was(positionals: list[str], candidates: dict[str, tuple[Value, ...]]) -> None:
    prefix = ("python", "train.py", *positionals)
    line = CommandLine(prefix, {name: Written(values) for name, values in candidates.items()})
    text = format_command_line(prefix, line.written, HYPERPARAMETERS)
    assert parse_command_line(text, HYPERPARAMETERS) == line
    # A person may also paste it into a shell, behind `hypertuner run --`.
    assert parse_command_line(shlex.split(text), HYPERPARAMETERS) == line


PIECES = [*"ab[]',\"=- \\", " --batch_size ", " --device ", " --layers ", "28"]


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_any_text_is_read_or_refused_within_itself(text: str) -> None:
    whole = f"python train.py {text}"
    line, column = None, 0
    try:
        line = read(whole)
    except CommandLineError as error:
        column = error.column
    assert 0 <= column <= len(whole)
    if line is not None:
        known = [*HYPERPARAMETERS, *line.found]
        assert read(format_command_line(line.prefix, line.written, known)) == line


def test_settings_become_items_that_a_script_reads() -> None:
    false_by_nothing = Hyperparameter("amp", "--amp", "bool", True, false_text="")
    settings = {"layers": "64 'a b'", "use_bn": False, "augment": False, "shuffle": False, "amp": False}
    assert argv_of((), settings, [*HYPERPARAMETERS, false_by_nothing]) == [
        "--layers", "64", "a b", "--no-augment", "--shuffle=False", "--amp=",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("--batch_size [28:256:*2]", "--batch_size [28:256:*2]"),
        ("--batch_size [28:256:2*]", "--batch_size [28:256:2*]"),
        ("--dropout_rate [ 0.1 : 0.5 ]", "--dropout_rate [0.1:0.5]"),
        ("--dropout_rate [1e-5:1e-1:log]", "--dropout_rate [1e-5:1e-1:log]"),
        ("--dropout_rate [1e-5:1e-1:log5]", "--dropout_rate [1e-5:1e-1:log5]"),
        ("--batch_size [28, 56:112:*2]", "--batch_size [28,56,112]"),
    ],
)
def test_a_range_stays_the_range_that_was_written(text: str, again: str) -> None:
    line = read(f"python train.py {text}")
    written = format_command_line(line.prefix, line.written, HYPERPARAMETERS)
    assert written == f"python train.py {again}"
    assert read(written).space == line.space


@pytest.mark.parametrize(
    ("prefix", "typed"),
    [
        (("/usr/bin/python3.11", "/home/a/train.py", "x"), ("python", "train.py", "x")),
        (("/usr/bin/python3", "/elsewhere/train.py"), ("python", "/elsewhere/train.py")),
        (("/opt/pypy", "sub/train.py"), ("/opt/pypy", "sub/train.py")),
    ],
)
def test_a_launched_command_is_shown_as_a_person_would_type_it(prefix: tuple[str, ...], typed: tuple[str, ...]) -> None:
    assert as_typed(prefix, "/home/a") == typed


# Both were quadratic once, and a page reads what anybody pastes.
@pytest.mark.timeout(10)
def test_a_very_long_command_is_read_at_once() -> None:
    numbers = [str(number) for number in range(50_000)]
    assert len(read(["python", "train.py", "--batch_size", "[0", ",", *", ".join(numbers).split(), "]"]).space) == 1
    assert read(f"python train.py {'a' * 500_000} b").prefix[3] == "b"


# --- what no parser declares ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "settings", "argv"),
    [
        ("./train --lr [0.1,0.01] out", {"lr": 0.1}, "./train --lr 0.1 out"),
        ("./train --lr=[0.1,0.01] -o out", {"lr": 0.1}, "./train --lr=0.1 -o out"),
        ("./train -l[1,2] -k 3", {"l": 1}, "./train -l1 -k 3"),
        ("python main.py model.depth=[2,4] +a=b", {"model.depth": 2}, "python main.py model.depth=2 +a=b"),
        ("python main.py --config.lr=[0.1,0.2]", {"config.lr": 0.1}, "python main.py --config.lr=0.1"),
        ("sh train.sh [16,32] data [a,b]", {"argument 1": 16, "argument 3": "a"}, "sh train.sh 16 data a"),
        ("./train --bn [true,false]", {"bn": "true"}, "./train --bn true"),
        ("./train --lr [None,0.1]", {"lr": None}, "./train"),
        ("./train --n [1:4:1] --x [1e-5:1e-1:log]", {"n": 1, "x": 1e-05}, "./train --n 1 --x 1e-05"),
        ('./train --name ["a,b",c]', {"name": "a,b"}, "./train --name a,b"),
    ],
)
def test_any_argument_of_a_program_that_declares_none_may_have_candidates(
    text: str, settings: dict[str, Value], argv: str
) -> None:
    line = parse_command_line(text, [], is_open=True)
    first = {name: each[0] if isinstance(each, tuple) else each.low for name, each in line.space.items()}
    assert first == settings
    assert shlex.join(argv_of(line.prefix, first, line.found)) == argv
    again = format_command_line(line.prefix, line.written, line.found)
    assert parse_command_line(again, line.found, is_open=True) == line
    assert parse_command_line(shlex.split(again), [], is_open=True) == line


def test_a_positional_argument_of_a_declared_program_may_have_candidates() -> None:
    line = parse_command_line("python train.py [2,4] out --batch_size 28", HYPERPARAMETERS)
    assert (line.prefix, line.space) == (("python", "train.py", "out"), {"argument 1": (2, 4), "batch_size": (28,)})
    argv = argv_of(line.prefix, {"argument 1": 4, "batch_size": 28}, [*HYPERPARAMETERS, *line.found])
    assert argv == ["python", "train.py", "4", "out", "--batch_size=28"]


def test_declared_options_stay_what_they_are_in_an_open_command() -> None:
    line = parse_command_line("python train.py --batch_size 28 --more [1,2] x", HYPERPARAMETERS, is_open=True)
    assert (line.prefix, line.space) == (("python", "train.py", "x"), {"batch_size": (28,), "more": (1, 2)})
    argv = argv_of(line.prefix, {"batch_size": 28, "more": 2}, [*HYPERPARAMETERS, *line.found])
    assert argv == ["python", "train.py", "--more", "2", "x", "--batch_size=28"]


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("./train --lr [0.1,0.2", "[0.1", "never closed"),
        ("./train --lr [0.1] --lr [0.2]", "[0.2]", "--lr stands twice"),
        ("./train --lr [1:2:x3]", "1:2:x3", "--lr"),
        ("./train --lr []", "[]", "no value"),
    ],
)
def test_a_slip_in_an_open_command_is_named_at_its_place(text: str, at: str, said: str) -> None:
    with pytest.raises(CommandLineError, match=re.escape(said)) as refused:
        parse_command_line(text, [], is_open=True)
    assert refused.value.column == text.rindex(at)
