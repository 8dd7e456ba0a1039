"""Runs a program on a terminal of its own, for scripts that ask for the size of theirs.

Run as `python -I -S terminal.py PROGRAM ARGUMENT ...`. The program has the terminal as stdin, which is at its end from
the beginning, and as stdout, of which everything comes out at ours unchanged; stderr stays ours. It ends as the program
does, by the same status or signal. Only the standard library.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

ROWS, COLUMNS = 24, 80
# Each read takes one of them.
MOST_READS = 1_000
LOOK_EVERY_S = 0.1
MOST_LAST_READS = 100
ASKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    argv = sys.argv[1:]
    master, slave = pty.openpty()
    prepare(slave)
    # Who asks us to end asks the program as well; we stay for its last words.
    for number in ASKED:
        signal.signal(number, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        become(argv, slave)
    os.close(slave)
    os.write(master, b"\x04" * MOST_READS)
    end_as(pass_on(master, pid))


def prepare(slave: int) -> None:
    """A window of the usual size, which echoes nothing and changes no character of what is printed."""
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    settings = termios.tcgetattr(slave)
    settings[1] &= ~termios.OPOST
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, settings)


def become(argv: list[str], slave: int) -> None:
    """In the child: turn into the program. Never returns."""
    try:
        for number in ASKED:
            signal.signal(number, signal.SIG_DFL)
        os.dup2(slave, 0)
        os.dup2(slave, 1)
        os.execvp(argv[0], argv)  # noqa: S606
    except OSError as error:
        os.write(2, f"{argv[0]} could not be started: {error.strerror}.\n".encode())
    os._exit(127)


def pass_on(master: int, pid: int) -> int:
    """Write down what the program prints, until it has ended; returns its status.

    What it left behind may hold the terminal for ever: nobody waits for that.
    """
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        # What it printed before its end is there by now.
        for _ in range(MOST_LAST_READS if ended else 1):
            if not select.select([master], [], [], 0 if ended else LOOK_EVERY_S)[0]:
                break
            data = read(master)
            if not data:
                return status if ended else os.waitpid(pid, 0)[1]
            while data:
                data = data[os.write(1, data) :]
        if ended:
            return status


def read(master: int) -> bytes:
    """What was printed; nothing once nobody has the terminal any more."""
    try:
        return os.read(master, 65_536)
    except OSError as error:
        # How Linux says so.
        if error.errno == errno.EIO:
            return b""
        raise


def end_as(status: int) -> None:
    """End in the same way."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in ASKED:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
