"""One line that is the same for experiments that failed for the same reason, whatever their numbers were."""

from __future__ import annotations

import re

from analysis.tracebacks import find_tracebacks

LONGEST_SIGNATURE = 300
LONGEST_MESSAGE = 180
ANY = "…"

_UNIT = r"(?:\s?(?:bytes|[KMGTP]i?B|ms|µs|us|ns|min|[sh%])(?!\w))?"
# In this order: what is quoted may hold all others, and a path numbers.
_VARYING = (
    re.compile(r"(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`)(?!\w)"),
    re.compile(r"(?<![\w/])/(?:tmp|var/tmp|dev/shm|var/folders|scratch)(?:/[^\s:,;)\]]*)?"),
    re.compile(r"(?:[^\s]*/)?snapshots/[0-9a-f]{64}/"),
    re.compile(r"0x[0-9a-fA-F]+"),
    # An id: at least eight hexadecimal digits with a decimal one among them.
    re.compile(r"(?<!\w)(?=[a-f-]*[0-9])[0-9a-f]{8}[0-9a-f-]*(?!\w)"),
    re.compile(r"(?<![\w.])[0-9]+(?:x[0-9]+)+(?!\w)"),
    re.compile(rf"(?<![\w.])[-+]?[0-9][0-9_,]*(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?{_UNIT}"),
    re.compile(r"(?<!\w)[-+]?(?:nan|inf|infinity)(?!\w)", re.IGNORECASE),
)
# How a process ended is no number that varies.
_ENDED = re.compile(r"exit code [0-9]+|killed by signal [0-9]+ \([A-Za-z0-9]+\)|time limit of [0-9.e+]+ s reached")
_SEVERAL = re.compile(rf"{ANY}(?:[\s,x×]*{ANY})+")


def normalised(message: str) -> str:
    """A message without what varies between experiments: numbers, addresses, temporary paths, quoted values."""
    words = " ".join(message[: 4 * LONGEST_MESSAGE].split())
    for varying in _VARYING:
        words = varying.sub(ANY, words)
    words = _SEVERAL.sub(ANY, words)
    return words if len(words) <= LONGEST_MESSAGE else f"{words[: LONGEST_MESSAGE - 1].rstrip()}{ANY}"


def missed(stderr: str) -> str:
    """What a script missed in the way that it is started, in a sentence with what to do; empty where nothing shows."""
    if "Inappropriate ioctl for device" in stderr:
        return "It asks for a terminal: launch it with --terminal."
    if "EOFError: EOF when reading a line" in stderr:
        return "It asks a question, and nobody answers there: give the answer by an option, or leave the question out."
    return ""


def signature(stderr: str, reason: str) -> str:
    """What failed, in one line: `RuntimeError: CUDA out of memory (train.py:41, in step)`. Never raises.

    stderr: its end, or an empty text where the script did not end by itself; reason: what is said without a traceback.
    """
    found = find_tracebacks(stderr.splitlines())
    if not found:
        ended = _ENDED.match(reason)
        kept = ended[0] if ended else ""
        return kept + normalised(reason[len(kept) :]) or "no reason is known"
    last = found[-1]
    message = normalised(last.message)
    place = f" ({last.place})" if last.place else ""
    return f"{last.kind}{': ' if message else ''}{message}{place}"[:LONGEST_SIGNATURE]
