"""The lifeline supervisor: holds scripts for an owner, one after another, and leaves nothing of them behind.

Run as `python -I -S -X utf8 lifeline.py` with pipes as stdin and stdout, one JSON object per line on each. stdin is
the lifeline: its end means that the owner is dead, whatever killed it. Only the standard library, and little of it.

Two processes: the guard, and its child, the lifeline proper, which serves. Each ends everything if the other is killed,
and a script that had ended by itself just before its lifeline was killed has its end written by the guard.

Commands: {"start": {"argv", "cwd", "env", "stdout", "stderr", "grace_s", "stop_signal", "is_leader", "end", "lock",
"mounts"}} and {"stop": {"grace_s"}}. A leader ends its own children, so only it is asked to end; else every descendant
is. `mounts` is {"base", "steps"}: what only the script sees, mounted from the folder `base`, each step being the
arguments of mount(2).
Replies: {"started": pid}, {"error": sentence, "stage"}, and when the script and all that it left behind are gone
{"ended": {"exit_code", "signal", "duration_s", "max_rss_bytes"}}. As soon as the script itself has ended, the file
that `end` names holds the same and {"ended_at", "stopped", "cut"}: whether the owner asked for the end, and whether the
lifeline made it of itself because the owner vanished or a signal told it to. Until everything is gone, the file that
`lock` names is locked and holds the lifeline's pid.
"""

# contextlib would cost a tenth of the whole start.
# ruff: noqa: SIM105
from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import Any, NoReturn

    Command = dict[str, Any]

LINUX = sys.platform == "linux"
HAS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_REC, MS_SLAVE = 0x4000, 0x80000
# What the kernel calls the two processes; the sweep tells them apart by these.
GUARD, LIFELINE = b"ht-guard", b"ht-lifeline"
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
DEFAULT_GRACE_S = 10.0
# What a script leaves behind when it ends by itself gets no longer than this.
LEFTOVER_GRACE_S = 1.0
# Together they bound how long an orphan below a leader lives; what a server adopts for a moment must end by then.
SWEEP_EVERY_S, ORPHAN_PATIENCE_S = 1.0, 6.0
# Somebody who asks whether the lock is held holds it himself for an instant.
LOCK_PATIENCE_S = 2.0
HELD = "another supervisor still holds a script there"
# More than any path takes, also where each of its characters is written as an escape.
SLATE_BYTES = 65_536
# Where forks are as quick as we are, it does not help to look for further ones before the first are killed: the dead
# wait for us, and would fill the machine's table of processes.
MOST_LOOKS = 6


class Script:
    """The script that runs now."""

    def __init__(self, pid: int, command: Command) -> None:
        self.pid = pid
        self.started = time.monotonic()
        self.grace_s = float(command.get("grace_s") or DEFAULT_GRACE_S)
        self.stop_signal = int(command.get("stop_signal") or signal.SIGTERM)
        self.is_leader = bool(command.get("is_leader"))
        self.sweep = Sweep(pid) if self.is_leader and LINUX else None
        self.end: str | None = command.get("end")
        self.ended: Command | None = None
        self.is_stopped = False
        self.is_cut = False
        self.kill_at: float | None = None


class Lifeline:
    """Serves one owner. Everything runs in the main thread, because PR_SET_PDEATHSIG watches the thread that forks."""

    def __init__(self, guard: int, slate: Slate) -> None:
        """guard: our parent, whose death ends us. slate: what it reads if we are killed.

        The signals that end us must be blocked.
        """
        self.slate = slate
        self.script: Script | None = None
        self.lock: int | None = None
        self.input = b""
        self.must_end = False
        self.wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        os.set_blocking(self.wake, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in ENDING_SIGNALS:
            signal.signal(number, self.on_signal)
        # Whatever the script starts, daemons too, becomes our child when its own parent is gone.
        be_subreaper(LIFELINE)
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != guard:
            # It died before we asked to be told.
            self.must_end = True
        # The owner's thread may have blocked some of them, too.
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
        script = self.script
        if script is None:
            return None
        times = [script.kill_at] if script.kill_at is not None else []
        if script.sweep:
            times.append(script.sweep.due)
        return max(0.0, min(times) - time.monotonic()) if times else None

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
            if command.get("lock"):
                self.lock = take_lock(command["lock"])
            pid = self.launch(command)
        except OSError as error:
            self.release_lock()
            reply({"error": sentence(error, command), "stage": error.filename})
        except ValueError:
            self.release_lock()
            reply({"error": "The command, its folder or its environment holds a character that none may hold."})
        else:
            self.script = Script(pid, command)
            self.slate.write(self.script)
            reply({"started": pid})

    def stop(self, command: Command) -> None:
        # One that has just ended by itself was not stopped.
        self.reap()
        if not self.script or self.script.ended or self.script.kill_at is not None:
            return
        grace = command.get("grace_s")
        self.script.is_stopped = True
        self.slate.write(self.script)
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
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.setsid()
            for number in signal.valid_signals():
                # Python ignores some and a shell's background jobs others; what is ignored would stay so in the script.
                if signal.getsignal(number) is signal.SIG_IGN:
                    signal.signal(number, signal.SIG_DFL)
            if command.get("mounts"):
                stage = b"mount"
                enter_mounts(command["mounts"])
                # Other rights may have made the kernel forget it.
                prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            stage = b"cwd"
            os.chdir(command["cwd"])
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for stage, target in ((b"stdout", 1), (b"stderr", 2)):
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                os.dup2(os.open(command[stage.decode()], flags, 0o600), target)
            stage = b"exec"
            # Every other descriptor of ours closes itself, except what the owner handed over for the script.
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
            self.conclude(script, script.ended)
        elif script.kill_at is not None and time.monotonic() >= script.kill_at:
            kill_all(self.reap)
            self.look_after_script()
        elif script.sweep:
            script.sweep.look()

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
                script = self.script
                script.ended = how_it_ended(status, usage, script.started)
                # Whoever told us to end may have told the script as well, as one does who ends a whole tree.
                script.is_cut |= self.must_end and script.ended["exit_code"] != 0
                # At once: what it left behind may take its time to end, and we may be killed meanwhile.
                if script.end:
                    write_end(script.end, script.ended, stopped=script.is_stopped, cut=script.is_cut)
                self.slate.wipe()

    def ask(self, script: Script) -> None:
        """Ask the script to end, and all that it started unless it sees to that itself."""
        if not script.is_leader:
            self.signal_all(script.stop_signal)
        elif not script.ended:
            os.kill(script.pid, script.stop_signal)

    def end_all(self) -> None:
        none_left = self.reap()
        script = self.script
        if script and not script.ended:
            self.cut(script)
        elif not none_left:
            self.end_leftovers(LEFTOVER_GRACE_S)
        if script and script.ended:
            self.conclude(script, script.ended)

    def cut(self, script: Script) -> None:
        """End a script that runs, and all that it started, within its grace."""
        if script.kill_at is None:
            script.is_cut = True
            self.slate.write(script)
            script.kill_at = time.monotonic() + script.grace_s
            self.ask(script)
        while not self.reap() and not script.ended and time.monotonic() < script.kill_at:
            select.select([self.wake], [], [], 0.05)
            drain(self.wake)
        self.end_leftovers(LEFTOVER_GRACE_S if script.is_leader else script.kill_at - time.monotonic())

    def conclude(self, script: Script, ended: Command) -> None:
        """Everything is gone: say so."""
        self.script = None
        self.release_lock()
        if not script.is_cut:
            reply({"ended": ended})

    def release_lock(self) -> None:
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None

    def end_leftovers(self, grace_s: float) -> None:
        """Ask every descendant to end, and kill those that do not."""
        deadline = time.monotonic() + grace_s
        asked: set[int] = set()
        while not self.reap():
            patience = deadline - time.monotonic()
            if patience <= 0:
                kill_all(self.reap)
                return
            # Again and again: one that was being forked meanwhile was not asked yet.
            asked |= self.signal_all(signal.SIGTERM, asked)
            # An orphan of an orphan does not wake us, as it is not our child yet; hence the bound.
            select.select([self.wake], [], [], min(patience, 0.05))
            drain(self.wake)

    def signal_all(self, number: int, but: Collection[int] = ()) -> set[int]:
        """Send a signal to every descendant but those; returns whom."""
        # Parents first: a supervisor among them is to hear it before its script, whose end it judges.
        pids = [pid for pid in descendants(os.getpid()) if pid not in but]
        send(number, pids)
        if not LINUX and self.script:
            try:
                os.killpg(self.script.pid, number)
            except OSError:
                pass
        return set(pids)


class Sweep:
    """Kills what a leader's lifeline adopted because the supervisors of its own were killed, both at once.

    Only direct children come into question, and among them no guard that has its lifeline, and no lifeline that has
    lost its guard: it is ending what it holds. An adopted process may be one that is about to end; hence the patience.
    """

    def __init__(self, leader: int) -> None:
        self.leader = leader
        self.due = 0.0
        # When each was seen first, by its pid and when it started, as a pid alone may be another's by now.
        self.seen: dict[tuple[int, bytes], float] = {}

    def look(self) -> None:
        """Look around if it is time to, and kill whoever was given enough."""
        now = time.monotonic()
        if now < self.due:
            return
        self.seen = {key: self.seen.get(key, now) for key in self.orphans()}
        for (pid, _), since in self.seen.items():
            if now >= since + ORPHAN_PATIENCE_S:
                kill_tree(pid)
        ripe = [since + ORPHAN_PATIENCE_S for since in self.seen.values()]
        self.due = min([now + SWEEP_EVERY_S, *(at for at in ripe if at > now)])

    def orphans(self) -> Iterator[tuple[int, bytes]]:
        for pid in children_of(os.getpid()):
            fields = stat_of(pid)
            if pid != self.leader and fields and not is_in_order(pid):
                yield pid, fields[19]


class Slate:
    """What the guard has to know of the script that runs, in memory that both processes see."""

    def __init__(self) -> None:
        # Where there is none, an end that only the guard could see is not written.
        self.memory = os.memfd_create("script") if LINUX else None

    def write(self, script: Script) -> None:
        facts = {"pid": script.pid, "end": script.end, "started": script.started}
        self.put({**facts, "stopped": script.is_stopped, "cut": script.is_cut} if script.end else {})

    def wipe(self) -> None:
        self.put({})

    def put(self, facts: Command) -> None:
        if self.memory is not None:
            # In one write, so that it is never half there; blanks at its end say nothing.
            os.pwrite(self.memory, json.dumps(facts).encode("ascii").ljust(SLATE_BYTES), 0)

    def read(self) -> Command:
        data = os.pread(self.memory, SLATE_BYTES, 0) if self.memory is not None else b""
        facts: Command = json.loads(data) if data else {}
        return facts


def how_it_ended(status: int, usage: Any, started: float) -> Command:
    """The end of a process as wait4 tells it."""
    return {
        "exit_code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "duration_s": time.monotonic() - started,
        "max_rss_bytes": usage.ru_maxrss * (1024 if LINUX else 1),
    }


def write_end(path: str, ended: Command, *, stopped: bool, cut: bool) -> None:
    """Write a script's end beside its spool."""
    write_whole(path, json.dumps({**ended, "ended_at": time.time(), "stopped": stopped, "cut": cut}))


def is_in_order(pid: int) -> bool:
    """Whether this is one of our own processes that does its work."""
    if not is_ours(pid):
        return False
    return name_of(pid) == LIFELINE or any(is_ours(child) and name_of(child) == LIFELINE for child in children_of(pid))


def is_ours(pid: int) -> bool:
    """Whether the process was started as we were, by whatever interpreter from whatever folder, and runs."""
    fields = stat_of(pid)
    return bool(fields) and fields[0] != b"Z" and manner_of(pid) == manner_of(os.getpid())


def manner_of(pid: int) -> list[bytes]:
    """How Python was started: its options and the program's name."""
    return [item.rpartition(b"/")[2] for item in contents(f"/proc/{pid}/cmdline").split(b"\0")[1:]]


# --- processes ------------------------------------------------------------------------------------------------------


def prctl(option: int, value: object) -> None:
    if LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def enter_mounts(mounts: Command) -> None:
    """Mount what nobody else sees. Raises OSError where this machine does not let us."""
    if not LINUX:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    # Only root may without a user namespace.
    if libc.unshare(CLONE_NEWNS):
        check(libc.unshare(CLONE_NEWNS | CLONE_NEWUSER))
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
            os.write(descriptor, line.encode())
            os.close(descriptor)
    check(libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None))
    os.chdir(mounts["base"])
    for source, target, kind, flags, options in mounts["steps"]:
        check(libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), flags, options.encode()))


def check(result: int) -> None:
    """Raise OSError for a call of libc that failed."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def be_subreaper(name: bytes) -> None:
    """Adopt every descendant whose parent dies, and go by this name."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NAME, name)


def kill_all(reap: Callable[[], bool]) -> None:
    """Kill until nobody below us is left; `reap` collects the dead and says whether that is so."""
    pause = 0.005
    while not reap():
        kill_tree(os.getpid(), but=os.getpid())
        # A process that does nothing but fork and end is gone before a look through /proc has found it. Its child
        # becomes ours at once, though, and our own children are found in no time.
        hunt_until = time.monotonic() + pause
        while time.monotonic() < hunt_until and not reap():
            send(signal.SIGKILL, children_of(os.getpid()))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def reap_any() -> bool:
    """Collect the dead; returns whether no child is left."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return False
        except ChildProcessError:
            return True


def kill_tree(root: int, but: int | None = None) -> None:
    """Kill a process (unless it is `but`) and all below it; frozen first, so that none multiplies meanwhile."""
    frozen: set[int] = set()
    for _ in range(MOST_LOOKS):
        new = {root, *descendants(root)} - frozen - {but}
        if not new:
            break
        send(signal.SIGSTOP, new)
        frozen |= new
    send(signal.SIGKILL, frozen)


def send(number: int, pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def children_of(pid: int) -> list[int]:
    path = f"/proc/{pid}/task/{pid}/children"
    # Not every kernel has that file.
    return [int(child) for child in contents(path).split()] if HAS_CHILDREN else family().get(pid, [])


def descendants(root: int) -> list[int]:
    """Every process below `root`, parents first, by the parents that /proc names."""
    children = family()
    found = children.get(root, [])[:]
    for pid in found:
        found += children.get(pid, ())
    return found


def family() -> dict[int, list[int]]:
    """The children of every process that has any."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if LINUX else ():
        if name.isdigit():
            fields = stat_of(int(name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(name))
    return children


def stat_of(pid: int) -> list[bytes]:
    """What /proc says of a process from its state on: the parent is at 1, its start at 19; empty without a process."""
    # The name in parentheses may hold anything, parentheses too.
    return contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def name_of(pid: int) -> bytes:
    return contents(f"/proc/{pid}/comm").rstrip(b"\n")


def contents(path: str) -> bytes:
    """What a file holds; empty without it. Cheaper than a file object, as thousands may have to be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    whole = b""
    try:
        # To the end, because half a list of processes would end in half a number, and that is somebody else's.
        while part := os.read(descriptor, 1 << 16):
            whole += part
    except OSError:
        return b""
    finally:
        os.close(descriptor)
    return whole


# --- files ----------------------------------------------------------------------------------------------------------


def take_lock(path: str) -> int:
    """Lock the file, write our pid into it, and return its descriptor, which a script does not inherit.

    Raises OSError, its filename being the stage.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "lock") from None
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
            return descriptor
        except OSError as error:
            if error.errno != errno.EWOULDBLOCK or time.monotonic() > deadline:
                os.close(descriptor)
                raise OSError(error.errno, error.strerror, "lock") from None
            time.sleep(0.01)


def write_whole(path: str, text: str) -> None:
    """Write a file that appears whole or not at all; a folder that is gone, or a full disk, costs only the file."""
    half = path + ".half"
    try:
        # Whatever the script may have put there gets out of the way.
        remove(half)
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            data = text.encode("ascii")
            if os.write(descriptor, data) == len(data):
                # Before it is safe on the disk: we may be killed meanwhile.
                os.rename(half, path)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        pass
    finally:
        remove(half)


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


# --- the pipes ------------------------------------------------------------------------------------------------------


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
    if stage in ("stdout", "stderr", "lock", "fork", "mount"):
        return {
            "mount": f"Its own view of the project's folder cannot be mounted: {why}.",
            "lock": f"The lock in its folder cannot be taken: {HELD if number == errno.EWOULDBLOCK else why}.",
            "fork": f"No further process can be started on this machine: {why}.",
        }.get(stage, f"The file for its {stage} cannot be written: {why}.")
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


# --- the two processes ----------------------------------------------------------------------------------------------


def main() -> NoReturn:
    # Forked twice, and so nobody's child: Ray kills the direct children of its workers.
    if os.fork():
        os._exit(0)
    os.chdir("/")
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # None of them may come before each of the two knows what to do with it.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    be_subreaper(GUARD)
    guard, slate = os.getpid(), Slate()
    lifeline = os.fork()
    if lifeline:
        stand_guard(lifeline, slate)
    else:
        Lifeline(guard, slate).serve()
    os._exit(0)


def stand_guard(lifeline: int, slate: Slate) -> None:
    """Wait for the lifeline's end, and kill what it left if it was killed itself.

    We keep its stdout open, so that the owner sees its end only when everything is gone; but not its stdin.
    """
    os.close(0)
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # A script that ended just before may be ours before we hear of the lifeline's own end.
    dead: dict[int, tuple[int, Any]] = {}
    while lifeline not in dead:
        pid, status, usage = os.wait4(-1, 0)
        dead[pid] = status, usage
    try:
        keep_end(slate.read(), dead)
    finally:
        kill_all(reap_any)


def keep_end(script: Command, dead: dict[int, tuple[int, Any]]) -> None:
    """Write down the end of a script whose lifeline was killed, if it had ended by itself before.

    script: what the slate says. dead: the status and usage of each child that was waited for.
    """
    if not script:
        return
    pid = script["pid"]
    if pid not in dead:
        # The kernel kills it with its lifeline, but for a few programs; it cannot be anybody else's, as it is ours.
        send(signal.SIGKILL, [pid])
        try:
            _, status, usage = os.wait4(pid, 0)
        except ChildProcessError:
            return
        dead[pid] = status, usage
    status, usage = dead[pid]
    # Only one that was quicker than the kernel ended by itself.
    if os.WIFEXITED(status):
        ended = how_it_ended(status, usage, script["started"])
        write_end(script["end"], ended, stopped=script["stopped"], cut=script["cut"])


if __name__ == "__main__":
    main()
