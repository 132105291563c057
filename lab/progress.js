/** What is solved: a mark at each exercise, a count for each chapter in the contents, a row on the front page. */

import { make } from "./make.js";

/**
 * @param {import("./store.js").Store} store
 * @param {{chapters: Record<string, string[]>}} data
 */
export function progress(store, data) {
  const solved = (/** @type {string} */ name) => Boolean(store.get(name).solved);
  for (const form of document.querySelectorAll("form.answer")) form.classList.toggle("is-solved", solved(form.dataset.exercise));
  for (const [page, names] of Object.entries(data.chapters)) {
    const count = names.filter(solved).length;
    for (const link of document.querySelectorAll("nav.bd-links a.reference.internal")) {
      if (!isLinkTo(link, page)) continue;
      link.querySelector(".solved-count")?.remove();
      if (count) link.append(make("span", { class: "solved-count" }, [` ${count}/${names.length}`, make("span", { class: "visually-hidden" }, [" solved"])]));
    }
  }
  const row = document.getElementById("lab-progress");
  if (row) frontPage(row, store, data);
}

/** @param {HTMLAnchorElement} link @param {string} page */
function isLinkTo(link, page) {
  return new URL(link.href).pathname.endsWith(`/${page}.html`);
}

function frontPage(row, store, data) {
  const names = Object.values(data.chapters).flat();
  const count = names.filter((name) => store.get(name).solved).length;
  const words = make("span", { role: "status" }, [`${count} of ${names.length} exercises solved, kept in this browser only. `]);
  const file = make("input", { type: "file", accept: "application/json", class: "visually-hidden", tabindex: "-1", "aria-label": "File with answers" });
  const say = (/** @type {string} */ text) => (words.textContent = text);
  file.addEventListener("change", async () => {
    try {
      store.imported(await file.files[0].text());
      progress(store, data);
    } catch (error) {
      say(`This file was not read: ${error.message} `);
    }
  });
  const buttons = {
    Export: () => {
      const link = make("a", { download: "warm-start-answers.json", href: URL.createObjectURL(new Blob([store.exported()], { type: "application/json" })) });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
    Import: () => file.click(),
    Clear: () => {
      if (!window.confirm("Forget all answers of this book in this browser?")) return;
      store.clear();
      progress(store, data);
    },
  };
  row.replaceChildren(words, ...Object.entries(buttons).map(([label, act]) => {
    const button = make("button", { type: "button" }, [label]);
    button.addEventListener("click", act);
    return button;
  }), file);
}
