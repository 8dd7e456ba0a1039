/** Asks for the experiments of a run while everything else is still being loaded. */
import {begin} from "./base/feed.js";

begin(window.location.pathname);
