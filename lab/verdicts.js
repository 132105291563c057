/**
 * Verdicts on answers that need no Python: the site is built with a table of what the check says to each answer.
 *
 * @typedef {{status: string, said: string, hints: string[]}} Verdict
 * @typedef {{verdicts: Verdict[], at: number[] | string, cuts?: number[], options?: string, labels?: string[]}} Table
 */

/**
 * The verdict on a number: `at[i]` holds up to and with `cuts[i]`.
 * @param {Table} table
 * @param {number} value
 */
export function ofNumber(table, value) {
  let low = 0;
  let high = table.cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= table.cuts[middle]) high = middle;
    else low = middle + 1;
  }
  return table.verdicts[table.at[low]];
}

/**
 * The verdict on a row of yes and no, the first of them the highest bit.
 * @param {Table} table
 * @param {boolean[]} flags
 */
export function ofFlags(table, flags) {
  const place = flags.reduce((value, flag) => 2 * value + Number(flag), 0);
  return table.verdicts[parseInt(table.at[place], 36)];
}

/**
 * What the reader is told: one hint, and one more with each wrong answer.
 * @param {Verdict} verdict
 * @param {number} tries how many wrong answers there are, with this one
 */
export function message(verdict, tries) {
  return [verdict.said, ...verdict.hints.slice(0, tries).map((hint) => `Hint: ${hint}`)].join(" ");
}
