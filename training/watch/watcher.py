"""The watcher: looks at the curves of experiments that changed, in all projects, keeps what is remarked on them, and
applies the rules that people switched on.

It lives in the dispatcher's process, in a thread with a connection of its own, so that it delays nothing there. It may
die at any moment: how far it came stands in the database, and looking once more changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from sqlalchemy.exc import DBAPIError

from analysis.curves import Curve, Reported, flags, noise_level, reported
from analysis.rules import Subject
from storage.flags import KeptFlag, fetch_flags, keep_flags
from storage.store import Store, is_outage
from storage.watching import (
    Watched,
    Watermark,
    changed_since,
    ended_before,
    keep_watermark,
    read_reported,
    read_watermark,
    running,
    usual_noise,
)
from training.backoff import Backoff
from training.watch.rules import RuleWatch

# An experiment is looked at once in so long, however fast it reports; its final state always is.
LOOK_EVERY_S = 1.0
# So many are read at once, and not more values than these but for one experiment: that bounds the memory of a look.
BATCH = 50
MOST_VALUES = 500_000
# A curve beyond LONG values is looked at again once it is so much longer: a look reads all of it.
LONG = 50_000
GROWN = 1.01
# As many experiments are remembered as seen; one that is forgotten is only looked at once more.
MOST_SEEN = 20_000
NOISE_FOR_S = 10.0

log = logging.getLogger("hypertuner.watcher")

Seen = tuple[int, int, str]


class Watcher:
    """Keeps flags in step with curves, and applies rules.

    Guarantees that what an experiment ends with is looked at, however often watchers die on the way, and that two of
    them do no harm.
    """

    def __init__(self, store: Store) -> None:
        """store: for the watcher alone, as it is closed with it."""
        self._store = store
        self._mark: Watermark | None = None
        self._seen: OrderedDict[int, Seen] = OrderedDict()
        self._noise: dict[int, tuple[float, dict[str, dict[int, float]]]] = {}
        self._rules = RuleWatch(store)
        self._must_end = threading.Event()
        self._thread: threading.Thread | None = None

    # --- as a thread --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Watch from now on, beside whoever calls."""
        self._thread = threading.Thread(target=self._serve, name="watcher", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look a last time, and end."""
        self._must_end.set()
        if self._thread is not None:
            self._thread.join(timeout=10 * LOOK_EVERY_S)
        self._store.close()

    def _serve(self) -> None:
        backoff = Backoff()
        while True:
            is_last, pause = self._must_end.is_set(), LOOK_EVERY_S
            try:
                is_behind = self.look()
            except DBAPIError as error:
                if not is_outage(error):
                    log.exception("a look at the curves failed")
                backoff.failed()
                pause = max(pause, backoff.until - time.monotonic())
            except Exception:
                # Whatever it is, the dispatcher that we live in goes on, and so does the next look.
                log.exception("a look at the curves failed")
            else:
                backoff.succeeded()
                pause = 0.0 if is_behind else pause
            if is_last:
                return
            self._must_end.wait(pause)

    # --- looks --------------------------------------------------------------------------------------------------------

    def look(self) -> bool:
        """Look at all that changed since the last look, then at some of what was there before the first one.

        Returns whether there is more of the latter and nothing else to do.
        """
        mark = self._mark or read_watermark(self._store)
        reached, changed = changed_since(self._store, mark.cursor)
        # What runs may report nothing more for hours.
        changed += running(self._store) if self._mark is None else []
        worth = [each for each in changed if self._is_worth(each)]
        if fresh := self._rules.refresh():
            # A rule that has just been switched on need not wait for the next value.
            known = {each.id for each in worth}
            worth += [each for each in running(self._store, fresh) if each.id not in known]
        self._watch(worth)
        if changed or self._mark is None:
            keep_watermark(self._store, Watermark(reached, mark.before))
        self._mark = Watermark(reached, mark.before)
        return bool(mark.before and self._look_back(self._mark) and not worth)

    def _look_back(self, mark: Watermark) -> bool:
        old = ended_before(self._store, mark.before, BATCH)
        self._watch([each for each in old if self._is_worth(each)])
        self._mark = Watermark(mark.cursor, old[-1].id if old else 0)
        keep_watermark(self._store, self._mark)
        return bool(old)

    def _is_worth(self, watched: Watched) -> bool:
        """Whether it has come further since it was seen: our own marks are changes, too."""
        attempt, count, state = self._seen.get(watched.id, (0, -1, ""))
        if (attempt, state) != (watched.attempt, watched.state):
            return True
        return watched.value_count > (count * GROWN if count > LONG else count)

    def _watch(self, watched: Sequence[Watched]) -> None:
        for part in parts_of(watched):
            ids = [each.id for each in part]
            values, before = read_reported(self._store, ids), fetch_flags(self._store, ids)
            subjects = {each.id: self._subject(each, values[each.id]) for each in part if each.id in values}
            for each in part:
                self._remark(each, subjects.get(each.id), before.get(each.id, ()))
            self._rules.apply(part, subjects)
            for each in part:
                self._remember(each)

    def _remember(self, watched: Watched) -> None:
        self._seen[watched.id] = (watched.attempt, watched.value_count, watched.state)
        self._seen.move_to_end(watched.id)
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)

    # --- flags --------------------------------------------------------------------------------------------------------

    def _subject(self, watched: Watched, values: Sequence[Reported]) -> Subject:
        """The experiment as detectors and rules see it."""
        noise = self._usual_noise(watched)
        return Subject(values, watched.has_ended, watched.objective, watched.goal, noise=noise)

    def _remark(self, watched: Watched, subject: Subject | None, before: Sequence[KeptFlag]) -> None:
        curves = curves_of(subject) if subject else []
        units = {curve.metric: curve.unit for curve in curves}
        found = [
            KeptFlag(flag.rule, flag.metric, flag.began, units[flag.metric], flag.sentence, flag.evidence)
            for flag in flags(curves, subject.noise if subject else {})
        ]
        levels = {curve.metric: level for curve in curves if (level := noise_level(curve))} if watched.has_ended else {}
        keep_flags(self._store, watched, before, found, levels)

    def _usual_noise(self, watched: Watched) -> dict[str, list[float]]:
        """The levels of other experiments, read anew now and then: they change only as experiments end."""
        read_at, levels = self._noise.get(watched.project_id, (0.0, {}))
        if time.monotonic() - read_at > NOISE_FOR_S or not read_at:
            levels = usual_noise(self._store, watched.project_id)
            self._noise[watched.project_id] = (time.monotonic(), levels)
        return {name: [level for owner, level in own.items() if owner != watched.id] for name, own in levels.items()}


def parts_of(watched: Sequence[Watched]) -> Iterator[list[Watched]]:
    """The experiments in their order, in parts that are read at once."""
    part: list[Watched] = []
    for each in watched:
        if part and (len(part) == BATCH or sum(one.value_count for one in part) + each.value_count > MOST_VALUES):
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def curves_of(subject: Subject) -> list[Curve]:
    """An experiment's curves as the detectors want them."""
    return [reported(each.metric, each.values, each.epochs, subject.goal_of(each.metric)) for each in subject.reported]
