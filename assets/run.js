/** The run dashboard: one board holds experiments, selection and hover; the views draw it. */
(() => {
    const OPEN_POLL_MS = 1000;
    const ENDED_POLL_MS = 15000;
    const HIDDEN_POLL_MS = 30000;
    const ENDED = new Set(["finished", "failed", "stopped"]);
    // Servers and proxies refuse longer addresses.
    const MOST_CHARACTERS_IN_LINK = 3000;
    // After this a request that nobody answered is given up; buttons must not wait for ever.
    const PATIENCE_MS = 12000;
    const UNDO_MS = 10000;
    const MOST_PICKED_SHOWN = 100;

    // --- pure ---------------------------------------------------------------------------------------------------------

    /** How long to wait between two questions to the server. */
    const pollInterval = (state, isHidden) => {
        if (isHidden) return HIDDEN_POLL_MS;
        return ENDED.has(state) ? ENDED_POLL_MS : OPEN_POLL_MS;
    };

    /**
     * Where the table comes from as it is filtered. numbers: the experiments in short, null for all of them. Those that an
     * address has no room for are sent in the request's body.
     */
    const csvRequest = ({slug, number}, numbers, reduce = null) => {
        const reduced = reduce === null ? "" : `&reduce=${encodeURIComponent(reduce)}`;
        const all = `/download/${encodeURIComponent(slug)}/experiments.csv?run=${number}&flavour=spreadsheet${reduced}`;
        if (numbers === null) return {address: all, body: null};
        return numbers.length <= MOST_CHARACTERS_IN_LINK ? {address: `${all}&numbers=${numbers}`, body: null} : {address: all, body: {numbers}};
    };

    /**
     * Which experiments to see the curves of, and what to call that: the picked ones, else those of a selection. Null where
     * there is neither. numbers: of the whole selection, in order.
     */
    const curvesOffer = (picked, numbers, isNarrowed, most) => {
        const wanted = picked.length ? picked : isNarrowed ? numbers : [];
        if (!wanted.length) return null;
        const shown = [...wanted].sort((a, b) => a - b).slice(0, most);
        const hint = shown.length < wanted.length ? `The first ${most} of ${wanted.length.toLocaleString("en-US")}: more curves at once cannot be told apart` : "";
        if (!picked.length) return {numbers: shown, hint, words: shown.length < wanted.length ? `Curves of the first ${most} selected` : `Curves of all ${wanted.length} selected`};
        return {numbers: shown, hint, words: picked.length === 1 ? "Open curves of the one picked"
            : shown.length < wanted.length ? `Open curves of the first ${most} picked` : `Open curves of the ${picked.length} picked`};
    };

    /** How many experiments are in each state, in words: "7 finished, 2 running". */
    const stateWords = (states, counts) => {
        const order = ["finished", "running", "queued", "failed", "stopped"];
        return order.map((state) => [counts[states.indexOf(state)], state]).filter(([count]) => count > 0);
    };

    /** What the page waits for, or null where there is nothing to say. */
    const waitingWords = (run, counts, hasValues) => {
        if (!run || ENDED.has(run.state)) return null;
        if (run.waiting && (run.state !== "paused" || counts[1] > 0)) return run.waiting;
        if (run.request === "stop") return "Stopping: the experiments that run are being ended.";
        if (run.state === "paused") return pausedWords(counts);
        if (run.state === "queued") return "Waiting for the dispatcher to take this run.";
        if (!hasValues) return counts[1] > 0 ? "The first experiments are running. Their numbers appear here as soon as the script reports any."
            : "Starting the first experiments.";
        return null;
    };

    const pausedWords = ([queued, running]) => {
        const waiting = queued === 0 ? "no new one starts until" : queued === 1 ? "the one that waits starts when" : `the ${queued} that wait start when`;
        const ending = running ? `${running === 1 ? "The experiment that runs goes" : `The ${running} experiments that run go`} on to the end` : "Nothing runs";
        return `${ending}; ${waiting} the run is resumed.`;
    };

    /** What the badge of a run says, and the class that colours it. */
    const badgeOf = (run, counts) => {
        if (run.request === "stop" && !ENDED.has(run.state)) return {word: "stopping", kind: "stopping"};
        if (run.state === "paused" && counts[1] > 0) return {word: `paused: ${counts[1]} still running`, kind: "paused"};
        return {word: run.state, kind: run.state};
    };

    /** The button that pauses and resumes: what it does, what it says, and whether it waits for an answer. */
    const pauseButton = (run, asked) => {
        if (asked === "pause" || asked === "resume") return {does: asked, words: asked === "pause" ? "Pausing …" : "Resuming …", isBusy: true};
        return run.state === "paused" ? {does: "resume", words: "Resume", isBusy: false} : {does: "pause", words: "Pause", isBusy: false};
    };

    /** "18 of 24 scheduled", and why the others were not; null where all were. */
    const scheduleOf = (size, leftOut) => {
        const reasons = leftOut.filter(({count}) => count > 0);
        const missing = reasons.reduce((sum, {count}) => sum + count, 0);
        if (missing === 0) return null;
        return {words: `${size} of ${size + missing} scheduled`, reasons: reasons.map(({count, reason}) => `${count} ${reason}`)};
    };

    const stopQuestion = (number) => ({
        title: `Stop run ${number}?`, confirm: "Stop run",
        body: "Experiments that run are ended, those that wait never start. What is finished stays. To go on later, pause it instead.",
    });

    const METRICS = "metrics";

    /** The metrics that a query names, in order; null where it names none. */
    const metricsFrom = (query) => {
        const keys = new URLSearchParams(query).getAll(METRICS);
        return keys.length ? keys : null;
    };

    /** The query with the metrics that a person chose; other parameters stay. */
    const withMetrics = (query, keys) => {
        const parameters = new URLSearchParams(query);
        parameters.delete(METRICS);
        keys.forEach((key) => parameters.append(METRICS, key));
        const text = parameters.toString();
        return text ? `?${text}` : "";
    };

    /** What is said when the address of the page was copied. */
    const linkWords = (isShortened) => (isShortened ? "Link copied, without the long list of picked experiments: an address has no room for it"
        : "Link to this page as it is now copied");

    const pure = {badgeOf, csvRequest, curvesOffer, linkWords, metricsFrom, pauseButton, pollInterval, scheduleOf, stateWords, stopQuestion, waitingWords,
        withMetrics};

    // --- the board -----------------------------------------------------------------------------------------------------

    let board = null;
    // Where this page hears what changes, see assets/feed.js.
    let line = null;

    const replaceQuery = (query) => {
        // Dash's router listens to other events; the page stays as it is.
        window.history.replaceState(window.history.state, "", window.location.pathname + query + window.location.hash);
    };

    const isTyping = ({target}) => /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "range";

    /** Everything the views need, and nothing else on the page does. Lives until its page is left. */
    const createBoard = (root, spec) => {
        const {experiments: columns, selection, selection_address} = window.dash_clientside;
        const ending = new AbortController();
        const made = {
            root, spec, signal: ending.signal, run: null, timings: [],
            experiments: columns.create(spec.hyperparameters),
            history: selection.begin(selection_address.fromQuery(window.location.search)),
            draft: null, base: {}, mask: new Uint8Array(0), keptCount: 0, selectedCount: 0,
            hovered: -1, chosen: [], wanted: metricsFrom(window.location.search), picked: [], selectedNumbers: [], locks: {}, bookmarks: [], asked: null,
            address: window.location.pathname,
            end: () => ending.abort(),
        };
        made.state = () => made.draft ?? made.history.present;
        made.clauses = () => made.state().clauses;
        return made;
    };

    const wire = (made) => {
        const {actions, bookmarks, experiments: columns, selection, selection_address, scatter_matrix, bars, parameters, reductions, table} = window.dash_clientside;
        const part = (name) => made.root.querySelector(`#${name}`);
        let due = null;

        /** What is on the page, worked out anew only when that may have changed. */
        const baseOf = (isData) => {
            const {kept, excluded} = made.state();
            if (isData || made.base.kept !== kept || made.base.excluded !== excluded) {
                made.base = {kept, excluded, tiers: selection.baseTiers(made.experiments, made.state())};
            }
            return made.base.tiers;
        };

        const frame = () => {
            const {isData, isKept, isNews, change} = due;
            due = null;
            if (made.signal.aborted) return;
            const start = performance.now();
            Object.assign(made, selection.tiers(made.experiments, made.state(), made.mask, baseOf(isData)));
            // What went off the page under the pointer is lit no more.
            if (made.hovered >= 0 && !(made.mask[made.hovered] & selection.KEPT)) made.hover(-1);
            if (isData) views.forEach((view) => view.onData(change));
            else if (isKept) views.forEach((view) => view.onKept());
            views.forEach((view) => view.onSelection({isNews}));
            if (isData) views.forEach((view) => view.onHover());
            showSelection();
            made.timings.push(performance.now() - start);
            if (made.timings.length > 500) made.timings.splice(0, 250);
        };

        /** Draw with the next frame, however often it is asked for until then. */
        const ask = (what) => {
            if (due === null) requestAnimationFrame(frame);
            const changes = [due?.change, what.change].filter(Boolean);
            const isKept = Boolean(due?.isKept || what.isKept);
            due = {...due, ...what, change: changes.length < 2 ? changes[0] : {touched: null, metricsCame: true}};
            due.isNews = Boolean(what.isNews);
            due.isKept = isKept;
        };

        const keepAddress = () => {
            const {query, isShortened} = selection_address.fitted(window.location.search, made.history.present);
            made.isShortened = isShortened;
            replaceQuery(query);
        };

        const move = (history) => {
            const {kept, excluded} = made.state();
            const isKept = history.present.kept !== kept || history.present.excluded !== excluded;
            made.draft = null;
            made.history = history;
            keepAddress();
            ask({isKept});
        };

        Object.assign(made, {
            redraw: () => ask({isData: true}),
            // What a drag selects on its way is drawn, but no step of the history.
            preview: (clauses) => {
                made.draft = {...made.history.present, clauses};
                ask({});
            },
            step: (state) => move(selection.commit(made.history, state)),
            commit: (clauses) => made.step({...made.history.present, clauses}),
            keep: (clauses) => made.step(selection.keep(made.state(), clauses)),
            exclude: (clauses) => made.step(selection.exclude(made.state(), clauses)),
            restore: () => made.step(selection.NOTHING),
            undo: () => move(selection.undo(made.history)),
            redo: () => move(selection.redo(made.history)),
            hover: (index, event = null, {isQuiet = false} = {}) => {
                card.place(index, event, isQuiet);
                if (made.hovered === index) return;
                made.hovered = index;
                views.forEach((view) => view.onHover());
            },
            visit: (query) => visit(made, query),
            addressOfNumber: (number) => window.dash_clientside.curves_address.addressOf(made.spec.slug, [number]),
            addressOf: (index) => made.addressOfNumber(made.experiments.numbers[index]),
            open: (index) => go(made.addressOf(index)),
            follow: (event, index) => made.followTo(event, made.addressOf(index)),
            followTo: (event, address) => {
                if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                go(address);
            },
            pick: (index) => made.views.table.pick(index),
            /** A click on a mark opens its experiment; Shift adds it to what is picked, Ctrl takes it in or out. */
            click: (index, event) => {
                if (event.ctrlKey || event.metaKey) made.pick(index);
                else if (!event.shiftKey) made.open(index);
                else if (!made.picked.includes(made.experiments.numbers[index])) made.pick(index);
            },
            onPicked: (numbers) => {
                made.picked = numbers;
                showPicked();
                views.forEach((view) => view.onPicked?.());
            },
            /** Where the picked ones are in the set, of those on the page; a picture shows the first of very many. */
            pickedIndices: () => made.picked.slice(0, MOST_PICKED_SHOWN).map((number) => made.experiments.indexOf.get(number))
                .filter((index) => made.mask[index] & selection.KEPT),
            receive: (changes) => {
                if (changes.run) made.run = {...changes.run, heardAt: performance.now()};
                if (changes.locks) {
                    made.locks = changes.locks;
                    made.views.parameters.onLocks();
                }
                if (changes.bookmarks) {
                    made.bookmarks = changes.bookmarks;
                    made.views.bookmarks.show();
                }
                if (changes.reduced) {
                    ask({isData: true, change: columns.patchMetrics(made.experiments, changes.reduced)});
                    chooseMetrics();
                }
                if (changes.experiments) {
                    const change = columns.patch(made.experiments, changes.experiments);
                    chooseMetrics();
                    ask({isData: true, isNews: true, change});
                }
                showHeader();
            },
            choose: (keys) => {
                if (keys.join() === made.chosen.join()) return;
                made.wanted = keys;
                made.chosen = keys;
                replaceQuery(withMetrics(window.location.search, keys));
                ask({isData: true});
            },
            reductionOf: (key) => reductions.chosen(key.slice(2)),
            /** Show another number of a metric, as assets/reductions.js writes it: everywhere on this page, with the next answer. */
            reduce: (key, word) => { if (reductions.keep(key.slice(2), word)) made.listen(); },
            /** Draw everything that is known, as a board that has just begun does. */
            show: () => {
                chooseMetrics();
                made.views.bookmarks.show();
                ask({isData: true, change: {touched: null, metricsCame: true}});
                showHeader();
            },
        });

        const said = createSaid(made);
        Object.assign(made, requestsOf(made, said, () => showHeader()), {say: (sentence) => said.show(sentence)});

        const chooseMetrics = () => {
            const metrics = columns.columnsOf(made.experiments, "metric");
            const wasChosen = made.chosen.join();
            const wanted = made.wanted?.filter((key) => made.experiments.columns.has(key)) ?? [];
            made.chosen = wanted.length ? wanted : columns.chooseMetrics(made.experiments, made.spec.objective, made.spec.metrics);
            const offered = JSON.stringify(metrics.map(({name}) => name));
            if (wasChosen === made.chosen.join() && made.offered === offered) return;
            made.offered = offered;
            window.dash_clientside.set_props("run-metrics", {
                options: metrics.map(({key, name}) => ({value: key, label: name})), value: made.chosen});
        };

        // --- words around the views ---

        const say = (name, text) => {
            const place = part(name);
            if (place && place.textContent !== text) place.textContent = text;
        };

        const showSelection = () => {
            const {size} = made.experiments;
            const {clauses} = made.state();
            say("selection-count", selection.countWords(made.selectedCount, made.keptCount));
            say("selection-off", selection.offWords(made.keptCount, size));
            part("selection-bar").classList.toggle("is-active", selection.isNarrowed(made.state()));
            part("selection-clear").disabled = clauses.length === 0;
            for (const name of ["keep", "exclude"]) part(`selection-${name}`).disabled = clauses.length === 0 || made.selectedCount === 0;
            part("selection-reduced").hidden = !selection.isReduced(made.state());
            part("selection-note").hidden = !made.isShortened;
            part("selection-undo").disabled = made.history.past.length === 0;
            part("selection-redo").disabled = made.history.future.length === 0;
            say("table-count", `showing ${selection.written(made.selectedCount)} of ${selection.written(size)}`);
            part("table-empty").hidden = made.selectedCount > 0 || size === 0;
            if (made.draft) return;
            linkDownload();
            showPicked();
        };

        const linkDownload = () => {
            const isFiltered = selection.isNarrowed(made.state());
            const numbers = [];
            for (let index = 0; isFiltered && index < made.experiments.size; index += 1) {
                if (made.mask[index] & selection.SELECTED) numbers.push(made.experiments.numbers[index]);
            }
            made.selectedNumbers = numbers;
            const reduce = new URLSearchParams(window.location.search).get("reduce");
            const link = part("download-csv");
            made.csv = csvRequest(made.spec, isFiltered ? selection.compactNumbers(numbers) : null, reduce);
            link.href = made.csv.address;
            link.title = isFiltered ? `The ${numbers.length.toLocaleString("en-US")} selected experiments as CSV` : "The table of all experiments as CSV";
        };

        const showPicked = () => {
            const {MOST_NUMBERS, addressOf} = window.dash_clientside.curves_address;
            const link = part("open-curves");
            const offer = curvesOffer(made.picked, made.selectedNumbers, selection.isNarrowed(made.state()), MOST_NUMBERS);
            link.hidden = offer === null;
            if (offer === null) return;
            link.textContent = offer.words;
            link.title = offer.hint;
            link.href = addressOf(made.spec.slug, offer.numbers);
        };

        const showHeader = () => {
            const {run, experiments} = made;
            if (!run) return;
            const counts = columns.countStates(experiments);
            showState(run, counts);
            showButtons(run);
            showFacts(run, experiments.size);
            showProgress(counts, experiments.size);
            showBest();
            showElapsed();
            const hasValues = columns.columnsOf(experiments, "metric").length > 0;
            const words = waitingWords(run, counts, hasValues) ?? (run.state === "failed" ? run.reason : null);
            say("run-waiting", words ?? "");
            part("run-waiting").hidden = !words;
            part("run-waiting").classList.toggle("is-bad", run.state === "failed" || Boolean(run.waiting));
            made.root.classList.add("is-loaded");
        };

        const showState = (run, counts) => {
            const badge = part("run-state");
            const {word, kind} = badgeOf(run, counts);
            say("run-state", word);
            badge.className = `ht-badge is-${kind}`;
            badge.title = run.reason ?? "";
        };

        const showButtons = (run) => {
            const isOpen = !ENDED.has(run.state);
            const isStopping = run.request === "stop" || made.asked?.do === "stop";
            const {words, isBusy} = pauseButton(run, made.asked?.do);
            say("run-pause", words);
            part("run-pause").hidden = !isOpen || run.request === "stop";
            part("run-pause").disabled = isBusy || isStopping;
            say("run-stop", isOpen && isStopping ? "Stopping …" : "Stop run");
            part("run-stop").hidden = !isOpen;
            part("run-stop").disabled = isStopping;
        };

        const showFacts = (run, size) => {
            const {element} = window.dash_clientside.marks;
            const command = part("run-command");
            command.querySelector("code").textContent = run.commandLine;
            command.querySelector("[data-copy]").dataset.copy = run.commandLine;
            const schedule = scheduleOf(size, run.leftOut);
            const facts = JSON.stringify([run.createdBy, run.strategy, schedule]);
            const place = part("run-facts");
            if (place.dataset.facts === facts) return;
            place.dataset.facts = facts;
            const words = [run.createdBy && `started by ${run.createdBy}`, run.strategy].filter(Boolean)
                .map((word) => element("span", {textContent: word}));
            if (schedule) {
                words.push(element("details", {title: schedule.reasons.join(", ")}, element("summary", {textContent: schedule.words}),
                    element("ul", {}, ...schedule.reasons.map((reason) => element("li", {textContent: reason})))));
            }
            place.hidden = words.length === 0;
            place.replaceChildren(...words);
        };

        const showProgress = (counts, size) => {
            const words = stateWords(columns.STATES, counts);
            part("run-progress").replaceChildren(...words.map(([count, state]) => {
                const piece = window.dash_clientside.marks.element("span", {className: `is-${state}`, title: `${count} ${state}`});
                piece.style.flexGrow = String(count);
                return piece;
            }));
            const {element} = window.dash_clientside.marks;
            part("run-counts").replaceChildren(element("b", {textContent: `${size} ${size === 1 ? "experiment" : "experiments"}`}),
                ...words.map(([count, state]) => element("button", {type: "button", className: `ht-count is-${state}`,
                    textContent: `${count} ${state}`, dataset: {state}, title: `Select the ${state} ones`})));
        };

        const showBest = () => {
            const key = `m:${made.spec.objective}`;
            const index = made.spec.objective ? columns.best(made.experiments, key, made.spec.goal) : -1;
            const link = part("run-best");
            part("run-best-row").hidden = index < 0;
            if (index < 0) return;
            const {numbers, columns: all} = made.experiments;
            const column = all.get(key);
            const settings = columns.varying(made.experiments).map((hyperparameter) => (
                `${hyperparameter.name} ${columns.wordOf(hyperparameter, index, (value) => columns.short(value, 4))}`));
            say("run-best-value", `${column.name} ${columns.wordOf(column, index, columns.formatterOf(made.experiments, column))}`);
            link.textContent = `experiment ${numbers[index]}`;
            link.href = made.addressOf(index);
            say("run-best-setting", settings.join(" · "));
            part("run-best-setting").title = settings.join(", ");
        };

        const showElapsed = () => {
            const {run} = made;
            if (!run) return;
            const since = ENDED.has(run.state) ? 0 : (performance.now() - run.heardAt) / 1000;
            say("run-elapsed", run.elapsed === null ? "not started" : columns.durationWords(Math.floor(run.elapsed + since)));
        };

        const card = createCard(made);
        const views = [
            parameters.create(part("parameter-panel"), made), bars.create(part("run-bars"), made),
            scatter_matrix.create(part("scatter-matrix"), made), table.create(part("table-host"), made),
            actions.create(part("experiment-actions"), part("experiment-menu"), part("table-host"), made),
            window.dash_clientside.parallel_coordinates.create(part("parallel-coordinates"), made),
        ];
        made.views = {parameters: views[0], bars: views[1], matrix: views[2], table: views[3], actions: views[4],
            bookmarks: bookmarks.create(part("bookmarks-toggle"), made)};
        listen(made, showElapsed);
        return made;
    };

    /** The card that says what is under the pointer. */
    const createCard = (made) => {
        const {experiments: columns, marks} = window.dash_clientside;
        const box = made.root.querySelector("#hover-card");
        let filledFor = -1;

        const lines = (index) => {
            const set = made.experiments;
            const varying = columns.varying(set).map((column) => [column.name, columns.wordOf(column, index, (value) => columns.short(value, 6))]);
            const metrics = made.chosen.map((key) => set.columns.get(key)).filter(Boolean)
                .map((column) => [column.name, columns.wordOf(column, index, columns.formatterOf(set, column)) || "–"]);
            return [...varying.map((pair) => [...pair, ""]), ...metrics.map((pair) => [...pair, "is-metric"])];
        };

        const fill = (index) => {
            const {element} = marks;
            const set = made.experiments;
            const state = columns.wordOf(set.columns.get("state"), index);
            const reason = set.failures.get(index);
            box.replaceChildren(
                element("div", {className: "ht-card-title"}, element("b", {className: window.dash_clientside.flags.isLit(set, index) ? "is-lit" : "", textContent: `Experiment ${set.numbers[index]}`}),
                    element("span", {className: `ht-state is-${state}`}, element("i", {className: "ht-dot"}), state)),
                ...lines(index).map(([name, word, kind]) => element("div", {className: `ht-card-line ${kind}`},
                    element("span", {textContent: name}), element("span", {className: "ht-number", textContent: word}))),
                ...window.dash_clientside.flags.cardOf(set, index),
                ...(reason ? [element("p", {className: "ht-card-reason", textContent: reason})] : []));
        };

        return {
            place(index, event, isQuiet) {
                const isShown = index >= 0 && event !== null && !isQuiet;
                box.hidden = !isShown;
                if (!isShown) return;
                if (filledFor !== index || made.run?.state === "running") fill(index);
                filledFor = index;
                const [width, height] = [box.offsetWidth, box.offsetHeight];
                const x = event.clientX + 16 + width > window.innerWidth ? event.clientX - width - 12 : event.clientX + 16;
                const y = Math.min(event.clientY + 14, window.innerHeight - height - 8);
                box.style.transform = `translate(${Math.round(Math.max(4, x))}px, ${Math.round(Math.max(4, y))}px)`;
            },
        };
    };

    /** What the board can ask for: a request is a row that others obey, and the page shows at once that it is on its way. */
    const requestsOf = (made, said, showHeader) => {
        const put = (id, properties) => window.dash_clientside.set_props(id, properties);
        let question = null;
        return {
            send: (request) => {
                const at = Date.now();
                made.asked = {...request, at};
                put("run-request", {data: made.asked});
                setTimeout(() => {
                    if (made.asked?.at === at) made.answered({at, error: "The server did not answer; look at the run before you try again."});
                }, PATIENCE_MS);
                showHeader();
            },
            /** Ask before work is destroyed; the request goes when the person says yes. */
            ask: ({title, body, confirm}, request) => {
                question = request;
                put("run-ask-title", {children: title});
                put("run-ask-body", {children: body});
                put("run-ask-confirm", {children: confirm});
                put("run-ask", {is_open: true});
            },
            confirm: () => {
                if (question) made.send(question);
                question = null;
            },
            answered: (answer) => {
                if (made.asked?.at === answer.at) made.asked = null;
                if (answer.error) put("notice", {children: answer.error, is_open: true});
                else if (answer.said) said.show(answer.said, answer.undo);
                // What came of it is seen with the next poll, which comes now.
                made.listen();
                showHeader();
                made.views.parameters.onLocks();
                made.views.bookmarks.onAnswer(answer);
            },
        };
    };

    /** One sentence about what was done, with an Undo where there is one; it goes by itself. */
    const createSaid = (made) => {
        const {element} = window.dash_clientside.marks;
        const box = made.root.querySelector("#run-said");
        let timer = null;
        const hide = () => { box.hidden = true; };
        return {
            show(sentence, undo) {
                const button = undo && undo.numbers?.length !== 0 ? [element("button", {type: "button", className: "ht-link", textContent: "Undo"})] : [];
                button[0]?.addEventListener("click", () => {
                    hide();
                    made.send(undo);
                });
                box.replaceChildren(element("span", {textContent: sentence}), ...button);
                box.hidden = false;
                clearTimeout(timer);
                timer = setTimeout(hide, UNDO_MS);
            },
        };
    };

    /** Go to a page of ours without loading the application again: the way Dash's own links do it. */
    const go = (address) => {
        window.history.pushState({}, "", address);
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
        window.scrollTo(0, 0);
    };

    /** Show the same page as another query says; the browser's Back button returns to this one. */
    const visit = (made, query) => {
        if (query === window.location.search) return;
        window.history.pushState({}, "", window.location.pathname + query);
        beginAnew(made);
    };

    /** A board of the same run, with all that is known of it; its views read the address anew. */
    const beginAnew = (made) => {
        made.end();
        const {experiments, run, locks, bookmarks, listen: hear} = made;
        board = wire(createBoard(made.root, made.spec));
        Object.assign(board, {experiments, run, locks, bookmarks, listen: hear});
        board.show();
        // The address may ask for other numbers of the same experiments.
        board.listen();
    };

    /** Get a file whose request is too long for an address. */
    const download = async ({address, body}, name) => {
        const response = await fetch(address, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)})
            .catch(() => null);
        if (!response?.ok) {
            window.dash_clientside.set_props("notice", {children: "The file could not be made. Is the server still there?", is_open: true});
            return;
        }
        const link = window.dash_clientside.marks.element("a", {href: URL.createObjectURL(await response.blob()), download: name});
        link.click();
        URL.revokeObjectURL(link.href);
    };

    /** Listeners that end with the page. */
    const listen = (made, showElapsed) => {
        const {selection} = window.dash_clientside;
        const {signal, root} = made;
        const on = (target, type, handler) => target.addEventListener(type, handler, {signal});
        const press = (id, action) => on(root.querySelector(`#${id}`), "click", action);
        press("selection-clear", () => made.commit([]));
        press("selection-keep", () => made.keep());
        press("selection-exclude", () => made.exclude());
        press("selection-restore", made.restore);
        press("selection-undo", made.undo);
        press("selection-redo", made.redo);
        press("open-curves", (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(event.currentTarget.getAttribute("href"));
        });
        press("download-csv", (event) => {
            if (!made.csv?.body) return;
            event.preventDefault();
            download(made.csv, `${made.spec.slug}-run-${made.spec.number}.csv`);
        });
        press("run-best", (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(event.currentTarget.getAttribute("href"));
        });
        press("run-counts", (event) => {
            const state = event.target.closest("[data-state]")?.dataset.state;
            if (!state) return;
            const isOn = selection.clausesOf(made.clauses(), "header:state").some(({values}) => values.includes(state));
            made.commit(selection.withClauses(made.clauses(), "header:state", isOn ? [] : [{field: "state", values: [state]}]));
        });
        press("copy-link", (event) => {
            event.currentTarget.dataset.copy = window.location.href;
            made.say(linkWords(made.isShortened));
        });
        on(window, "popstate", () => { if (window.location.pathname === made.address) beginAnew(made); });
        press("run-pause", () => made.send({do: pauseButton(made.run, null).does}));
        press("run-stop", () => made.ask(stopQuestion(made.spec.number), {do: "stop"}));
        on(document, "keydown", (event) => onKey(made, event));
        on(document, "hypertuner:theme", made.redraw);
        const clock = setInterval(showElapsed, 1000);
        signal.addEventListener("abort", () => clearInterval(clock));
        watch(made);
    };

    const onKey = (made, event) => {
        if (event.defaultPrevented || isTyping(event) || document.querySelector(".modal.show, dialog[open]")) return;
        const key = event.key.toLowerCase();
        const isCommand = event.ctrlKey || event.metaKey;
        if (isCommand && key === "z") (event.shiftKey ? made.redo : made.undo)();
        else if (isCommand && key === "y") made.redo();
        else if (key === "escape" && made.picked.length) made.views.table.pickNone();
        else if (key === "escape" && made.clauses().length) made.commit([]);
        else if (key === "delete" && !made.views.actions.end()) return;
        else if (key !== "delete") return;
        event.preventDefault();
    };

    /** Draw again when the page gets another size, and end when it is left. */
    const watch = (made) => {
        let width = made.root.clientWidth;
        const sizes = new ResizeObserver(() => {
            if (made.root.clientWidth === width) return;
            width = made.root.clientWidth;
            made.redraw();
        });
        sizes.observe(made.root);
        const presence = new MutationObserver(() => { if (!made.root.isConnected) made.end(); });
        presence.observe(document.body, {childList: true, subtree: true});
        made.signal.addEventListener("abort", () => {
            sizes.disconnect();
            presence.disconnect();
            if (board === made) board = null;
        });
    };

    // --- what Dash calls -----------------------------------------------------------------------------------------------

    /** Hear what changes on the run of this page, from now until the page is left. Called by Dash with the page. */
    const open = (spec) => {
        const root = document.getElementById("run-dashboard");
        const isOpen = line?.root === root && line.run_id === spec?.run_id;
        if (!root || !spec || isOpen) return window.dash_clientside.no_update;
        line?.end();
        const {feed, later} = window.dash_clientside;
        later.begin();
        line = {root, run_id: spec.run_id, ...feed.create(feed.addressOf(spec.slug, spec.number), {
            onAnswer: (answer) => receive(root, spec, answer),
            onAway: () => window.dash_clientside.set_props("outage", {is_open: true}),
            waitMs: (isHidden) => pollInterval(board?.run?.state, isHidden),
            isOver: () => !root.isConnected,
        })};
        return window.dash_clientside.no_update;
    };

    /** Take an answer of callbacks/run_changes.py; one with a spec makes the board begin anew. */
    const receive = (root, {axes, ...spec}, answer) => {
        const {later, set_props: put} = window.dash_clientside;
        const isFirst = board === null || board.root !== root;
        if (answer.spec) {
            board?.end();
            board = wire(createBoard(root, {...answer.spec, axes}));
            board.listen = () => line.ask();
            // An extended run has other hyperparameters; requests to the server go with them from now on.
            if (JSON.stringify(answer.spec) !== JSON.stringify(spec)) put("run-spec", {data: board.spec});
        }
        if (answer.table) later.put("experiment-table", {columnDefs: answer.table});
        board.receive(answer);
        if (isFirst) later.bring();
    };

    const chooseMetrics = (keys) => {
        board?.choose(keys ?? []);
        return window.dash_clientside.no_update;
    };

    const answered = (answer) => {
        if (answer) board?.answered(answer);
        return window.dash_clientside.no_update;
    };

    const closeAsk = () => {
        if (window.dash_clientside.callback_context.triggered_id === "run-ask-confirm") board?.confirm();
        return false;
    };

    const toggleDiscard = () => window.dash_clientside.callback_context.triggered_id === "draft-discard";

    /** The board of the page as it is now, or null. */
    const current = () => board;

    if (typeof window !== "undefined") {
        /** For tests and the curious: what the page holds right now. */
        window.hypertuner = window.hypertuner || {};
        window.hypertuner.selection = {
            state: () => board && {
                clauses: board.clauses(), kept: board.state().kept, excluded: board.state().excluded, selected: board.selectedCount, keptCount: board.keptCount,
                size: board.experiments.size, hovered: board.hovered < 0 ? null : board.experiments.numbers[board.hovered],
                numbers: [...board.experiments.numbers.subarray(0, board.experiments.size)]
                    .filter((_, index) => board.mask[index] & window.dash_clientside.selection.SELECTED),
            },
            select: (clauses) => board?.commit(clauses),
            timings: () => [...(board?.timings ?? [])],
        };
    }

    const api = {...pure, answered, chooseMetrics, closeAsk, current, go, open, toggleDiscard};
    globalThis.dash_clientside = globalThis.dash_clientside || {};
    globalThis.dash_clientside.run = api;
    if (typeof module !== "undefined") module.exports = api;
})();
