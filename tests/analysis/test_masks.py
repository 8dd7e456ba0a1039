"""What stands in the place of secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.command_line import CommandLineError, format_command_line, parse_command_line, quoted, words_of
from analysis.hyperparameters import Hyperparameter
from analysis.masks import MASK, masked_command, masked_text, masked_words, unmasked_command

KNOWN = [
    Hyperparameter("api_key", "--api-key", "text", is_required=True),
    Hyperparameter("database", "--database", "text"),
    Hyperparameter("pad_token", "--pad-token", "text", "<pad>"),
    Hyperparameter("lr", "--lr", "float", 0.1),
]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("python t.py --api-key abc --lr 1", "python t.py --api-key ••• --lr 1"),
        ("python t.py --api-key='a b' --lr 1", "python t.py --api-key=••• --lr 1"),
        ("python t.py '--api-key=a b' --lr 1", "python t.py --api-key=••• --lr 1"),
        ("env WANDB_API_KEY=abc python t.py", "env WANDB_API_KEY=••• python t.py"),
        ("python t.py logger.api_key=abc model.depth=[2,4]", "python t.py logger.api_key=••• model.depth=[2,4]"),
        ("python t.py --hub_token hf_aaaaaaaaaaaaaaaaaaaa", "python t.py --hub_token •••"),
        ("python t.py --db postgres://me:word@host/db", "python t.py --db postgres://me:•••@host/db"),
        ("python t.py --note sk-aB3aaaaaaaaaaaaaaaaaaaaa", "python t.py --note •••"),
        ("python t.py +logger.api_key=s3 ++a.b.password=x", "python t.py +logger.api_key=••• ++a.b.password=•••"),
        ("python t.py --hfToken x --clientSecret y", "python t.py --hfToken ••• --clientSecret •••"),
        ("python t.py --password -abc --auth x", "python t.py --password ••• --auth •••"),
        ("python t.py --repo https://abcd@host/x", "python t.py --repo https://•••@host/x"),
        ("python t.py --model hf_internal_testing_tiny", "python t.py --model hf_internal_testing_tiny"),
        ("python t.py --model sk-convnext-base-lr0001", "python t.py --model sk-convnext-base-lr0001"),
        (
            "python t.py --placeholder_token '<cat>' --max-token 512",
            "python t.py --placeholder_token '<cat>' --max-token 512",
        ),
        ("python t.py --token=5 model=[a,b]", "python t.py --token=5 model=[a,b]"),
        # Names of things that a model reads are no secrets.
        ("python t.py --pad-token x --label-key y --tokens 5", "python t.py --pad-token x --label-key y --tokens 5"),
        ("python t.py --use-auth --token --lr [1,2]", "python t.py --use-auth --token --lr [1,2]"),
    ],
)
def test_a_command_shows_no_secret(command: str, shown: str) -> None:
    assert masked_command(command) == shown


def test_a_secret_is_no_setting_and_is_passed_as_it_stands() -> None:
    text = "python t.py --api-key abc --database postgres://me:word@host/db --pad-token x --lr [0.1,0.2]"
    line = parse_command_line(text, KNOWN)
    assert list(line.written) == ["pad_token", "lr"]
    assert line.prefix[2:] == ("--api-key", "abc", "--database", "postgres://me:word@host/db")
    assert parse_command_line(format_command_line(line.prefix, line.written, KNOWN), KNOWN) == line


def test_a_secret_has_one_value() -> None:
    with pytest.raises(CommandLineError, match="--api-key is a secret"):
        parse_command_line("python t.py --api-key [a,b]", KNOWN)


words = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(st.sampled_from(["--api-key", "--password", "--x", "K_TOKEN="]), words), max_size=5))
def test_what_was_masked_comes_back(pairs: list[tuple[str, str]]) -> None:
    named = {flag: value for flag, value in pairs if not value.startswith(("-", "["))}
    typed = ["python", "t.py"]
    for flag, value in named.items():
        typed += [f"{flag}{value}"] if flag.endswith("=") else [flag, value]
    text = " ".join(map(quoted, typed))
    masked = masked_command(text)
    assert words_of(masked) == list(masked_words(typed))
    assert words_of(unmasked_command(masked, typed)) == typed


def test_of_several_secrets_each_comes_back_to_its_place() -> None:
    for text in (
        "sh t.sh --token a --token b",
        "sh t.sh --url postgres://u:p1@h/d postgres://u:p2@h/d",
        "sh t.sh hf_aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3 --token x",
    ):
        assert unmasked_command(masked_command(text), words_of(text)) == text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (f"python t.py --api-key {MASK}", ["python", "t.py"]),
        (f"python t.py --url postgres://u:{MASK}@h/other", ["python", "t.py", "--url", "postgres://u:p@h/d"]),
    ],
)
def test_a_mask_that_nothing_explains_stays(typed: str, words: list[str]) -> None:
    assert unmasked_command(typed, words) == typed


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("api_key: abc", "api_key: •••"),
        ('  "token": "xyz",', '  "token": "•••",'),
        ('wandb.password = "a b" # mine', 'wandb.password = "•••" # mine'),
        ("+    api_key: abc", "+    api_key: •••"),
        ("url: postgres://me:word@host/db", "url: postgres://me:•••@host/db"),
        # What is computed or absent is none.
        ('os.environ["WANDB_API_KEY"] = "0123"', 'os.environ["WANDB_API_KEY"] = "•••"'),
        ('api_key: str = "abc"', 'api_key: str = "•••"'),
        ('token = f"abc"', 'token = f"•••"'),
        ("password: my pass phrase", "password: •••"),
        ("password: p@ss(word  # mine", "password: •••  # mine"),
        ("export FOO_KEY=abc#def", "export FOO_KEY=•••"),
        (r'api_key = "a\"b"', 'api_key = "•••"'),
        ("token = tokenizer.next()", "token = tokenizer.next()"),
        ("token = self.tokens[0]", "token = self.tokens[0]"),
        ("api_key: null", "api_key: null"),
        ("def login(token: str, password=None):", "def login(token: str, password=None):"),
    ],
)
def test_a_text_shows_no_secret(line: str, shown: str) -> None:
    assert masked_text(line) == shown
