/** What is known before Python is loaded: how much it is, and whether the last start died. */

const MARK = "warmstart:starting";
/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * A mark that is there while Python starts: a page that died then says so when it is loaded again.
 * @param {"get" | "set" | "clear"} what
 */
export function mark(what) {
  try {
    if (what === "get") return window.sessionStorage.getItem(MARK);
    if (what === "set") window.sessionStorage.setItem(MARK, "1");
    else window.sessionStorage.removeItem(MARK);
  } catch {
    /* a browser that keeps nothing */
  }
  return null;
}
