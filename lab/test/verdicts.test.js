import assert from "node:assert/strict";
import test from "node:test";

import { message, ofFlags, ofNumber } from "../verdicts.js";

const verdicts = [
  { status: "wrong", said: "Not yet.", hints: ["one", "two"] },
  { status: "right", said: "Right.", hints: [] },
];

test("a number belongs to the part whose end is not below it", () => {
  const table = { verdicts, at: [0, 1, 0], cuts: [1.5, 2.5] };
  const found = [-1e308, 1.5, 1.6, 2.5, 2.6, 1e308].map((value) => verdicts.indexOf(ofNumber(table, value)));
  assert.deepEqual(found, [0, 0, 1, 1, 0, 0]);
  assert.equal(ofNumber({ verdicts, at: [1], cuts: [] }, 3), verdicts[1]);
});

test("the first flag is the highest bit", () => {
  const table = { verdicts, at: "0010" };
  assert.equal(ofFlags(table, [true, false]), verdicts[1]);
  assert.equal(ofFlags(table, [false, true]), verdicts[0]);
});

test("hints say more with each try", () => {
  assert.equal(message(verdicts[0], 1), "Not yet. Hint: one");
  assert.equal(message(verdicts[0], 2), "Not yet. Hint: one Hint: two");
  assert.equal(message(verdicts[0], 9), message(verdicts[0], 2));
  assert.equal(message(verdicts[1], 0), "Right.");
});
