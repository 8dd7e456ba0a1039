/* Before anything is drawn: the theme, so that no page flashes in the wrong colours. A plain script, as modules wait. */
(() => {
    // Dash's dropdown files its options under their words in a plain object: a metric named __proto__ would write on the
    // prototype of everything there is.
    // biome-ignore lint/suspicious/noProto: it is removed, not used.
    delete Object.prototype.__proto__;
    let chosen = null;
    try {
        chosen = localStorage.getItem("hypertuner.theme");
    } catch {
        // Storage may be forbidden; the system's preference is good enough then.
    }
    const preferred = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    document.documentElement.dataset.bsTheme = chosen === "light" || chosen === "dark" ? chosen : preferred;
})();
