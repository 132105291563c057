/** What is known before Python is loaded: whether it can run here, and whether the last start died. */

const MARK = "warmstart:starting";
const PROBE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * Why Python cannot run here, in words for the reader; empty if nothing is known to be in the way.
 * @param {import("./python.js").Settings | null} settings
 * @param {string} protocol
 * @param {{WebAssembly?: any, Worker?: any, DecompressionStream?: any}} browser
 */
export function obstacle(settings, protocol, browser) {
  if (!settings)
    return "This copy of the book was built without Python for the page. Build it once with a network (make book), and the button works; the notebook on Colab or Binder checks this answer as well.";
  if (protocol === "file:")
    return "Pages opened from a folder cannot start Python: browsers ask for a server. Run make serve, or use the site.";
  if (!browser.Worker || !browser.DecompressionStream) return "This browser is too old to run Python in a page.";
  try {
    new browser.WebAssembly.Module(PROBE);
  } catch {
    return "This browser may not run WebAssembly here, perhaps by a rule of your school or company. The notebook on Colab checks this answer as well.";
  }
  return "";
}

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
