"""The lifeline supervisor: holds scripts for an owner, one after another, and leaves nothing of them behind.

Run as `python -I -S -X utf8 lifeline.py` with pipes as stdin and stdout, one JSON object per line on each. stdin is
the lifeline: its end means that the owner is dead, whatever killed it. Only the standard library, and little of it.

Commands: {"start": {"argv", "cwd", "env", "stdout", "stderr", "grace_s", "stop_signal", "is_leader"}} and
{"stop": {"grace_s"}}. A leader ends its own children, so only it is asked to end; else every descendant is.
Replies: {"started": pid}, {"error": sentence}, and when the script and all that it left behind are gone
{"ended": {"exit_code", "signal", "duration_s", "max_rss_bytes"}}.
"""

# contextlib would cost a tenth of the whole start.
# ruff: noqa: SIM105
from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any, NoReturn

    Command = dict[str, Any]

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
DEFAULT_GRACE_S = 10.0
# What a script leaves behind when it ends by itself gets no longer than this.
LEFTOVER_GRACE_S = 1.0


class Script:
    """The script that runs now."""

    def __init__(self, pid: int, command: Command) -> None:
        self.pid = pid
        self.started = time.monotonic()
        self.grace_s = float(command.get("grace_s") or DEFAULT_GRACE_S)
        self.stop_signal = int(command.get("stop_signal") or signal.SIGTERM)
        self.is_leader = bool(command.get("is_leader"))
        self.ended: Command | None = None
        self.kill_at: float | None = None


class Lifeline:
    """Serves one owner. Everything runs in the main thread, because PR_SET_PDEATHSIG watches the thread that forks."""

    def __init__(self) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.script: Script | None = None
        self.input = b""
        self.must_end = False
        if LINUX:
            # Whatever the script starts, daemons too, becomes our child when its own parent is gone.
            self.libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        os.set_blocking(self.wake, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        # The owner's thread may have blocked some of them.
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def on_signal(self, *_: object) -> None:
        self.must_end = True

    def serve(self) -> None:
        """Obey until the owner is gone or somebody ends us; then end everything."""
        owner_lives = True
        while owner_lives and not self.must_end:
            ready, _, _ = select.select([0, self.wake], [], [], self.patience())
            if self.wake in ready:
                drain(self.wake)
            if 0 in ready:
                owner_lives = self.on_input()
            self.look_after_script()
        self.end_all()

    def patience(self) -> float | None:
        kill_at = self.script.kill_at if self.script else None
        return None if kill_at is None else max(0.0, kill_at - time.monotonic())

    # --- commands ---------------------------------------------------------------------------------------------------

    def on_input(self) -> bool:
        data = os.read(0, 1 << 20)
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            command = json.loads(line)
            if "start" in command:
                self.start(command["start"])
            elif "stop" in command:
                self.stop(command["stop"])
        return bool(data)

    def start(self, command: Command) -> None:
        if self.script:
            reply({"error": "A script is running already."})
            return
        try:
            pid = self.launch(command)
        except OSError as error:
            reply({"error": sentence(error, command)})
        except ValueError:
            reply({"error": "The command, its folder or its environment holds a character that none may hold."})
        else:
            self.script = Script(pid, command)
            reply({"started": pid})

    def stop(self, command: Command) -> None:
        if not self.script or self.script.kill_at is not None:
            return
        grace = command.get("grace_s")
        self.script.kill_at = time.monotonic() + (self.script.grace_s if grace is None else grace)
        self.ask(self.script)

    # --- starting ---------------------------------------------------------------------------------------------------

    def launch(self, command: Command) -> int:
        """Fork and execute. Raises OSError, its filename being the stage that failed, or ValueError."""
        argv = [os.fsencode(item) for item in command["argv"]]
        env = {os.fsencode(key): os.fsencode(value) for key, value in command["env"].items()}
        if any(b"\0" in item for item in (*argv, *env, *env.values(), os.fsencode(command["cwd"]))):
            raise ValueError
        told, tell = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(told)
            os.close(tell)
            raise OSError(error.errno, error.strerror, "fork") from None
        if pid == 0:
            self.become(argv, env, command, tell)
        os.close(tell)
        problem = os.read(told, 100)
        os.close(told)
        if problem:
            os.waitpid(pid, 0)
            number, stage = problem.split()
            raise OSError(int(number), os.strerror(int(number)), stage.decode())
        return pid

    def become(self, argv: list[bytes], env: dict[bytes, bytes], command: Command, tell: int) -> NoReturn:
        """In the child: turn into the script, or tell the number of the error and the stage. Never returns."""
        stage = b"exec"
        try:
            if LINUX:
                self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.setsid()
            for number in signal.valid_signals():
                # Python ignores some and a shell's background jobs others; what is ignored would stay so in the script.
                if signal.getsignal(number) is signal.SIG_IGN:
                    signal.signal(number, signal.SIG_DFL)
            stage = b"cwd"
            os.chdir(command["cwd"])
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for stage, target in ((b"stdout", 1), (b"stderr", 2)):
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                os.dup2(os.open(command[stage.decode()], flags, 0o600), target)
            stage = b"exec"
            # Every other descriptor of ours closes itself.
            os.execvpe(argv[0], argv, env)  # noqa: S606
        except OSError as error:
            os.write(tell, b"%d %s" % (error.errno or errno.EINVAL, stage))
        except BaseException:  # noqa: BLE001 - whatever it is, this must not go on as a second supervisor
            os.write(tell, b"%d %s" % (errno.EINVAL, stage))
        os._exit(127)

    # --- ending -----------------------------------------------------------------------------------------------------

    def look_after_script(self) -> None:
        none_left = self.reap()
        script = self.script
        if script is None:
            return
        if script.ended:
            if not none_left:
                self.end_leftovers(LEFTOVER_GRACE_S)
            self.script = None
            reply({"ended": script.ended})
        elif script.kill_at is not None and time.monotonic() >= script.kill_at:
            self.kill_all()
            self.look_after_script()

    def reap(self) -> bool:
        """Collect the dead; returns whether no descendant is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if self.script and pid == self.script.pid:
                self.script.ended = {
                    "exit_code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                    "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
                    "duration_s": time.monotonic() - self.script.started,
                    "max_rss_bytes": usage.ru_maxrss * (1024 if LINUX else 1),
                }

    def ask(self, script: Script) -> None:
        """Ask the script to end, and all that it started unless it sees to that itself."""
        if not script.is_leader:
            self.signal_all(script.stop_signal)
        elif not script.ended:
            os.kill(script.pid, script.stop_signal)

    def end_all(self) -> None:
        script = self.script
        if script is None:
            if not self.reap():
                self.end_leftovers(LEFTOVER_GRACE_S)
            return
        deadline = time.monotonic() + script.grace_s
        self.ask(script)
        while not self.reap() and not script.ended and time.monotonic() < deadline:
            select.select([self.wake], [], [], 0.05)
            drain(self.wake)
        self.end_leftovers(LEFTOVER_GRACE_S if script.is_leader else deadline - time.monotonic())

    def end_leftovers(self, grace_s: float) -> None:
        """Ask every descendant to end, and kill those that do not."""
        deadline = time.monotonic() + grace_s
        asked: set[int] = set()
        while not self.reap():
            patience = deadline - time.monotonic()
            if patience <= 0:
                self.kill_all()
                return
            # Again and again: one that was being forked meanwhile was not asked yet.
            asked |= self.signal_all(signal.SIGTERM, asked)
            # An orphan of an orphan does not wake us, as it is not our child yet; hence the bound.
            select.select([self.wake], [], [], min(patience, 0.05))
            drain(self.wake)

    def kill_all(self) -> None:
        """Kill until nobody is left; frozen first, so that none can multiply faster than it is killed."""
        pause = 0.005
        while not self.reap():
            self.signal_all(signal.SIGSTOP)
            self.signal_all(signal.SIGKILL)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)

    def signal_all(self, number: int, but: Collection[int] = ()) -> set[int]:
        """Send a signal to every descendant but those; returns whom."""
        pids = set(descendants(os.getpid())) - set(but)
        for pid in pids:
            try:
                os.kill(pid, number)
            except OSError:
                pass
        if not LINUX and self.script:
            try:
                os.killpg(self.script.pid, number)
            except OSError:
                pass
        return pids


def descendants(root: int) -> list[int]:
    """Every process below `root`, parents first, by the parents that /proc names."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if LINUX else ():
        if name.isdigit():
            try:
                with open("/proc/" + name + "/stat", "rb") as file:
                    # The name in parentheses may hold anything, parentheses too.
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(name))
    found = children.get(root, [])[:]
    for pid in found:
        found += children.get(pid, ())
    return found


def sentence(error: OSError, command: Command) -> str:
    """Say in one sentence why a script could not be started."""
    program = command["argv"][0] if command["argv"] else ""
    why, stage, number = error.strerror, error.filename, error.errno or 0
    if stage == "cwd":
        return {
            errno.ENOENT: f"Its working directory {command['cwd']} does not exist on this machine.",
            errno.ENOTDIR: f"Its working directory {command['cwd']} is no folder.",
            errno.EACCES: f"Its working directory {command['cwd']} may not be entered.",
        }.get(number, f"Its working directory {command['cwd']} cannot be used: {why}.")
    if stage in ("stdout", "stderr"):
        return f"The file for its {stage} cannot be written: {why}."
    if stage == "fork":
        return f"No further process can be started on this machine: {why}."
    if number == errno.ENOENT:
        if "/" in program and os.path.exists(os.path.join(command["cwd"], program)):
            return f"{program} exists, but the interpreter that its first line names does not."
        return f"The program {program} was not found on this machine."
    return {
        errno.EACCES: f"{program} is not executable.",
        errno.ENOEXEC: f"{program} is not executable: its first line names no interpreter.",
        errno.E2BIG: "Its command line is too long for this system; pass large values by a file.",
    }.get(number, f"{program} could not be started: {why}.")


def reply(message: Command) -> None:
    try:
        os.write(1, json.dumps(message).encode("ascii") + b"\n")
    except OSError:
        # The owner is gone; the end of stdin says so, too.
        pass


def drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        pass


if __name__ == "__main__":
    # Forked twice, and so nobody's child: Ray kills the direct children of its workers.
    if os.fork():
        os._exit(0)
    os.chdir("/")
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    Lifeline().serve()
