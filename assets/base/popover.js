/** A small box over the page that goes with Escape and with a press elsewhere, or a menu in it. */
import {element} from "./marks.js";

const MARGIN = 8;

/** A box for the time of `signal`. open: at an element, with what is in it; whoever opens it gets the focus back. */
export const create = (signal, className = "") => {
    const box = element("div", {className: `ht-menu ${className}`, hidden: true, aria: {role: "dialog"}});
    let opener = null;

    const close = () => {
        if (box.hidden) return false;
        const hadFocus = box.contains(document.activeElement) || document.activeElement === document.body;
        box.hidden = true;
        if (hadFocus) opener?.focus({preventScroll: true});
        return true;
    };

    const place = () => {
        if (box.hidden || !opener.isConnected) return;
        const {left, top, bottom, width} = opener.getBoundingClientRect();
        const middle = left + Math.max(0, (width - box.offsetWidth) / 2);
        box.style.left = `${Math.max(4, Math.min(middle, window.innerWidth - box.offsetWidth - MARGIN))}px`;
        const isAbove = bottom + 4 + box.offsetHeight > window.innerHeight;
        box.style.top = `${isAbove ? Math.max(4, top - box.offsetHeight - 4) : bottom + 4}px`;
    };

    const open = (from, label, ...content) => {
        opener = from;
        box.setAttribute("role", "dialog");
        box.setAttribute("aria-label", label);
        box.replaceChildren(...content);
        box.hidden = false;
        place();
        [...box.querySelectorAll("input:enabled, button:enabled")]
            .find((control) => control.checkVisibility())
            ?.focus({preventScroll: true});
    };

    /** items: [{words, act, isOn (of a choice), isDisabled, hint, stays (open)}], null for a line between two. */
    const openMenu = (from, title, items) => {
        const made = items.map((item) => (item ? itemOf(item) : element("hr")));
        open(from, title, element("div", {className: "ht-menu-title", textContent: title}), ...made);
        box.setAttribute("role", "menu");
    };

    const itemOf = ({words, act, isOn, isDisabled = false, hint = "", stays = false}) => {
        const choice = isOn === undefined ? {role: "menuitem"} : {role: "menuitemradio", checked: String(isOn)};
        const button = element("button", {
            type: "button",
            className: "ht-menu-item",
            textContent: words,
            title: hint,
            disabled: isDisabled,
            aria: choice,
        });
        button.addEventListener("click", () => {
            if (!stays) close();
            act();
        });
        return button;
    };

    const onMenuKey = (event) => {
        const items = [...box.querySelectorAll(".ht-menu-item:enabled")];
        const at = items.indexOf(document.activeElement);
        const next = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1}[event.key];
        if (event.key === "Tab") close();
        else if (next === undefined || items.length === 0) return false;
        else items[(next + items.length) % items.length].focus();
        return true;
    };

    const take = (event) => {
        event.preventDefault();
        event.stopPropagation();
    };

    box.addEventListener("keydown", (event) => {
        if (box.getAttribute("role") === "menu" && onMenuKey(event)) take(event);
    });
    // Wherever the focus is: the page would clear the selection.
    document.addEventListener(
        "keydown",
        (event) => {
            if (event.key === "Escape" && close()) take(event);
        },
        {signal, capture: true},
    );
    // What was done in the box is said outside of it, and may be taken back there.
    const closeElsewhere = ({target}) => {
        if (!box.contains(target) && !opener?.contains(target) && !target.closest?.(".ht-said")) close();
    };
    document.addEventListener("pointerdown", closeElsewhere, {signal, capture: true});
    window.addEventListener("scroll", place, {signal, passive: true, capture: true});
    return {box, close, open, openMenu, place, isOpenAt: (from) => !box.hidden && opener === from};
};
