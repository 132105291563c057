/** Questions to answer before the result: each option has a sentence, and the result repeats what was predicted. */

import { make } from "./make.js";

/**
 * @param {import("./store.js").Store} store
 * @param {Record<string, {right: number[], why: string[], beside: string}>} entries
 * @param {(words: string) => void} announce
 */
export function predictions(store, entries, announce) {
  for (const [name, { right, why, beside }] of Object.entries(entries)) {
    const box = document.getElementById(`predict-${name}`);
    const list = box.querySelector("ul");
    const said = make("p", { class: "predict-said" });
    const later = make("p", { class: "predict-said" });
    const texts = [...list.children].map((item) => item.textContent.trim());
    const tell = (/** @type {number} */ i) => {
      const sign = right.includes(i) ? "✓" : "✗";
      said.textContent = `${sign} ${why[i]}`;
      later.textContent = `${sign} You predicted: ${texts[i]}.`;
    };
    list.setAttribute("role", "radiogroup");
    list.setAttribute("aria-label", "Your prediction");
    [...list.children].forEach((item, i) => {
      const input = make("input", { type: "radio", name: `predict-${name}` });
      item.setAttribute("role", "none");
      item.replaceChildren(make("label", {}, [input, make("span", {}, [...item.childNodes])]));
      input.checked = store.get(name).text === String(i);
      if (input.checked) tell(i);
      input.addEventListener("change", () => {
        store.set(name, { text: String(i) });
        tell(i);
        announce(said.textContent);
      });
    });
    box.append(said);
    document.getElementById(`cell-${beside}`)?.after(later);
  }
}
