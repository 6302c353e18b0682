// An answer as the visitor has changed it: digits left out, digits corrected. Pure: no DOM.

/** Digits and signs in the order of the text. */
export function symbolsOf({ digits, signs = [] }) {
  return [...digits, ...signs].sort((a, b) => a.line - b.line || a.index - b.index);
}

/**
 * A digit as an answer has it, as likely as it is a digit at all: to the ten shares alone, a letter is
 * surely one of the ten.
 */
export function asShown(digit, nth) {
  const share = digit.is_digit ?? 1;
  const probabilities = digit.probabilities.map((each) => share * each);
  return { ...digit, nth, confidence: share * digit.confidence, probabilities };
}

/** Whether one looks like no digit. */
export function anyForeign(digits) {
  return digits.some((digit) => (digit.is_digit ?? 1) < 0.5);
}

/**
 * An answer without one of its digits: as sure as what stays, and what that looks like. A line goes
 * with its last digit, and so do its signs.
 */
export function without(answer, index) {
  const gone = answer.digits[index];
  const rest = answer.digits.filter((digit) => digit !== gone);
  const numbers = [...new Set(rest.map(({ line }) => line))];
  const stays = ({ line }) => numbers.includes(line);
  const moved = (symbol) => ({
    ...symbol,
    line: numbers.indexOf(symbol.line),
    index: symbol.index - Number(symbol.line === gone.line && symbol.index > gone.index),
  });
  const { signs = [] } = answer;
  const lost = [gone, ...signs.filter((sign) => !stays(sign))];
  const digits = rest.map(moved);
  const changed = {
    ...answer,
    digits,
    signs: signs.filter(stays).map(moved),
    alternatives: [],
    ignored: [...answer.ignored, ...lost.map(({ box }) => box)],
    lost: [...(answer.lost ?? []), ...lost],
    // What was read loses the same digit.
    ...(answer.read && { read: without(answer.read, index) }),
  };
  // It may have been this one that made it no number.
  if (!answer.text && anyForeign(digits)) return changed;
  return {
    ...changed,
    ...textOf(changed),
    status: answer.text ? answer.status : "unsure",
    confidence: symbolsOf(changed).reduce((all, s) => all * s.confidence, 1),
  };
}

/**
 * An answer with another value for one of its digits. `read`, of the answer and of the digit, is
 * what it was before the visitor said otherwise; where that is said again, it comes back.
 */
export function corrected(answer, index, value) {
  const read = answer.read ?? answer;
  const digits = answer.digits.map((digit, i) => {
    if (i !== index) return digit;
    const before = read.digits[i];
    return value === before.digit ? before : { ...before, digit: value, read: before.digit };
  });
  if (read.text && digits.every((digit, i) => digit === read.digits[i])) return read;
  const changed = { ...read, digits, alternatives: [], read };
  return { ...changed, ...textOf(changed), status: "ok" };
}

/** An answer of which the visitor says that it is no number. */
export function rejected(answer) {
  const read = answer.read ?? answer;
  if (!read.text) return read;
  return { ...answer, text: "", lines: [], status: "not_a_number", alternatives: [], read };
}

/** An answer as the visitor has corrected it before; as it is where it no longer has that form. */
export function recalled(answer, right) {
  if (!right) return rejected(answer);
  const values = right.match(/\d/g) ?? [];
  if (values.length !== answer.digits.length) return answer;
  const changed = values.reduce((all, value, index) => corrected(all, index, Number(value)), answer);
  return changed.text === right ? changed : answer;
}

/** Columns of the strokes that an answer is about: those left out with their digits are not. */
export function columnsOf({ lost = [], ...answer }, columns) {
  const used = new Set(symbolsOf(answer).flatMap(({ strokes }) => strokes));
  const gone = new Set(lost.flatMap(({ strokes }) => strokes));
  return columns.filter((_, stroke) => used.has(stroke) || !gone.has(stroke));
}

/** The text of what an answer shows, and its lines. */
function textOf(answer) {
  const lines = [];
  for (const { line, sign, digit } of symbolsOf(answer)) lines[line] = (lines[line] ?? "") + (sign ?? digit);
  return { lines, text: lines.join("\n") };
}
