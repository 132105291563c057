import assert from "node:assert/strict";
import test from "node:test";

import { Store } from "../store.js";

function memory() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

const throwing = {
  getItem() { throw new Error("denied"); },
  setItem() { throw new Error("denied"); },
};

test("what is set is there after a reload", () => {
  const storage = memory();
  new Store(storage).set("he-halves", { text: "0.5", tries: 2 });
  const later = new Store(storage);
  assert.deepEqual(later.get("he-halves"), { text: "0.5", tries: 2 });
  later.set("he-halves", { solved: true });
  assert.deepEqual(new Store(storage).get("he-halves"), { text: "0.5", tries: 2, solved: true });
});

for (const storage of [throwing, null]) {
  test("without storage everything works until the page is left", () => {
    const store = new Store(storage);
    assert.equal(store.lasting, false);
    store.set("he-halves", { solved: true });
    assert.equal(store.get("he-halves").solved, true);
  });
}

test("a storage that is full is noticed", () => {
  const storage = memory();
  const store = new Store(storage);
  assert.equal(store.lasting, true);
  storage.setItem = throwing.setItem;
  store.set("he-halves", { solved: true });
  assert.equal(store.lasting, false);
});

test("what others wrote into the storage is not trusted", () => {
  const storage = memory();
  for (const text of ["no json", "[]", "null", '{"<img>": {"solved": true}, "he-halves": {"text": 3, "tries": -1, "solved": "yes"}}']) {
    storage.setItem("warmstart:exercises", text);
    assert.deepEqual(new Store(storage).get("he-halves"), {});
    assert.deepEqual(new Store(storage).get("<img>"), {});
  }
});

test("an export is imported elsewhere, and what is solved stays solved", () => {
  const one = new Store(memory());
  one.set("he-halves", { text: "0.5", solved: true, tries: 1 });
  const other = new Store(memory());
  other.set("xavier-std", { solved: true });
  other.imported(one.exported());
  assert.equal(other.get("xavier-std").solved, true);
  assert.deepEqual(other.get("he-halves"), { text: "0.5", solved: true, tries: 1 });
  const unsolved = new Store(memory());
  unsolved.set("xavier-std", { solved: false, text: "x" });
  other.imported(unsolved.exported());
  assert.equal(other.get("xavier-std").solved, true);
  assert.throws(() => other.imported('{"kind": "something else"}'), /no answers of this book/);
  assert.throws(() => other.imported("no json"));
  other.clear();
  assert.deepEqual(other.get("he-halves"), {});
});
