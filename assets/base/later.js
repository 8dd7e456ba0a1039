/** Components that a page gets only once its first frame is drawn: see layouts/later.py. */

// --- pure ---------------------------------------------------------------------------------------------------------

/** A component as Dash writes it, and all below it, with the properties that `waiting` holds by id. */
export const withProperties = (component, waiting) => {
    if (Array.isArray(component)) return component.map((each) => withProperties(each, waiting));
    if (!component?.props) return component;
    const {children} = component.props;
    const own = waiting.get(component.props.id);
    return {
        ...component,
        props: {
            ...component.props,
            ...own,
            ...(children !== undefined && {children: withProperties(children, waiting)}),
        },
    };
};

// --- the page -----------------------------------------------------------------------------------------------------

let page = null;

/** A new page: nothing of it is there yet. */
export const begin = () => {
    page = {waiting: new Map(), isThere: false};
    page.filled = new Promise((resolve) => {
        page.resolve = resolve;
    });
};

/** Set properties of a component, now or when it comes. */
export const put = (id, properties) => {
    if (page.isThere) window.dash_clientside.set_props(id, properties);
    else page.waiting.set(id, {...page.waiting.get(id), ...properties});
};

/** Bring the rest of the page after the frame that is drawn next. */
export const bring = () => {
    const current = page;
    const ended = new MessageChannel();
    ended.port1.onmessage = () => {
        if (current === page) window.dash_clientside.set_props("later-due", {data: performance.now()});
    };
    requestAnimationFrame(() => ended.port2.postMessage(null));
};

/** Once the rest of this page is on its way. */
export const filled = () => page.filled;

/** What comes into each place. Called by Dash. */
export const fill = (due, components) => {
    if (due === null || due === undefined || page === null || page.isThere)
        return components.map(() => window.dash_clientside.no_update);
    page.isThere = true;
    page.resolve();
    return components.map((component) => withProperties(component, page.waiting));
};
