/** The one script of the page: gives Dash the functions that Python names, lets every part listen, and starts Dash. */
import * as held from "./base/held.js";
import * as later from "./base/later.js";
import * as polls from "./base/polls.js";
import * as views from "./experiment/attached_views.js";
import * as attempts from "./experiment/attempts.js";
import * as comparison from "./experiment/comparison.js";
import * as configuration from "./experiment/configuration.js";
import * as curves from "./experiment/curves/curves.js";
import * as custom_views from "./experiment/custom_views.js";
import * as log_search from "./experiment/log_search.js";
import * as notes from "./experiment/notes.js";
import * as own_files from "./experiment/own_files.js";
import * as experiment from "./experiment/page.js";
import * as launch from "./launch/dialog.js";
import * as new_project from "./launch/new_project.js";
import * as rules from "./rules/rules.js";
import * as teaching from "./rules/teaching.js";
import * as run from "./run/page.js";
import * as insights from "./run/views/insights.js";
import * as table_head from "./run/views/table/head.js";
import * as table from "./run/views/table/table.js";
import * as exports from "./shell/exports.js";
import * as sessions from "./shell/sessions.js";
import * as shell from "./shell/shell.js";
import * as theme from "./shell/theme.js";

/* By the names under which `CallbackGroup.in_browser` asks for them. */
const NAMED = {
    attempts,
    comparison,
    curves,
    custom_views,
    experiment,
    insights,
    later,
    launch,
    log_search,
    notes,
    polls,
    run,
    shell,
    theme,
    views,
};
const STARTING = [
    sessions,
    shell,
    theme,
    held,
    attempts,
    comparison,
    configuration,
    curves,
    experiment,
    exports,
    insights,
    launch,
    log_search,
    new_project,
    notes,
    own_files,
    rules,
    run,
    table,
    table_head,
    teaching,
    views,
];

window.dash_clientside = Object.assign(window.dash_clientside || {}, NAMED);
for (const part of STARTING) {
    try {
        part.start?.();
    } catch (error) {
        // Without one of them the page is poorer; without Dash there is none.
        console.error(error);
    }
}
window.renderer = new window.DashRenderer();
