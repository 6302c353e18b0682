// Where the ink speaks for a digit, and where against it. Pure: no DOM.

/** Evidence in nats below which ink hardly matters: without it, the odds are a fifth lower. */
const NOTABLE = 0.2;

/** The square of the ink in a glyph: from this pixel on, and so many a side. */
const [START, SIDE] = [4, 20];

/** The evidence of each pixel as a share, -1 to 1, of the strongest; where all is weak, of notable. */
export function sharesOf(evidence) {
  const most = Math.max(NOTABLE, ...evidence.flat().map(Math.abs));
  return evidence.map((row) => row.map((value) => value / most));
}

/**
 * The ninth of the square that has most of what speaks for the digit, or against it with the sign
 * -1: 0 to 8, row by row. null where nothing is notable.
 */
export function strongestPart(evidence, sign = 1) {
  const sums = new Array(9).fill(0);
  let most = 0;
  const third = (place) => Math.min(2, Math.max(0, Math.floor((3 * (place - START)) / SIDE)));
  evidence.forEach((row, y) => {
    row.forEach((value, x) => {
      const amount = Math.max(0, sign * value);
      sums[3 * third(y) + third(x)] += amount;
      most = Math.max(most, amount);
    });
  });
  return most < NOTABLE ? null : sums.indexOf(Math.max(...sums));
}
