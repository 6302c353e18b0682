// An answer in words. Pure: no DOM. webapp/site/words.py says the same where there is no JavaScript;
// both take the texts of webapp/site/texts/.

/** Other readings less likely than this are not worth words; the bars show them all. */
const NOTABLE = 0.01;

/** Other readings that are named. */
const MOST = 3;

/** From which confidence on an unsure reading is probable; below it, it is a guess. */
const PROBABLE = 0.6;

export class Words {
  #texts;

  constructor(texts) {
    this.#texts = texts;
  }

  /** A text by its name, with what stands in braces put in. */
  say(name, values = {}) {
    return this.#texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
  }

  /** What was read, as one sentence. */
  sentence(answer) {
    if (answer.read) return this.say(answer.text ? "you_said" : "you_said_none", { text: oneLine(answer.text) });
    if (answer.status === "empty") return this.say("no_ink");
    if (answer.status === "not_a_number") return this.say("no_number");
    const guess = answer.confidence >= PROBABLE ? "probably" : "maybe";
    const name = answer.status === "unsure" ? guess : "looks_like";
    return this.say(name, { text: oneLine(answer.text) });
  }

  /**
   * How sure it is, or what helps. Only a sure reading has a percentage: thresholds differ between
   * strokes and pictures, and a guess must not look surer than what is sure.
   */
  detail(answer) {
    if (answer.read) return this.readAs(answer.read.text);
    if (answer.status === "empty") return this.say("no_ink_hint");
    if (answer.status === "not_a_number") {
      const [first] = this.others(answer);
      const said = first ? this.say("best_guess", { text: first.text }) : this.say("no_number_hint");
      return answer.ignored?.length ? `${said} ${this.say("stray")}` : said;
    }
    const sure = answer.status === "ok";
    const said = sure ? this.say("sure", { percent: this.percent(answer.confidence) }) : this.say("check");
    return answer.ignored?.length ? `${said} ${this.say("left_out")}` : said;
  }

  /** What was read before the visitor said otherwise. */
  readAs(text) {
    return this.say("read_as", { text: this.orNone(oneLine(text)) });
  }

  /** A text, or that it is not a number. */
  orNone(text) {
    return text || this.say("none");
  }

  /** A share of 1 as a percentage; only what is certain has 100. */
  percent(share) {
    const most = share < 1 ? 99 : 100;
    return this.say("percent", { number: Math.min(100 * share, most).toFixed(0) });
  }

  /** The name of a sign. */
  sign(sign) {
    return this.#texts[`sign_${sign}`] ?? sign;
  }

  /** A reading to be heard: its signs by name, and a pause between its lines. */
  heard(text) {
    const said = (line) => Array.from(line.match(/\d+|\D/g) ?? [], (part) => this.sign(part)).join(" ");
    return text.split("\n").map(said).join(", ");
  }

  /** The likeliest of what else it could be: other readings, or, of a single digit, none at all. */
  others({ status, alternatives, digits, signs = [], read }) {
    if (read) return [];
    const others = alternatives.map((other) => ({ ...other, text: oneLine(other.text) }));
    const isDigit = digits.length === 1 && !signs.length ? (digits[0].is_digit ?? 1) : 1;
    if (status !== "not_a_number") {
      others.push({ text: this.say("no_digit"), confidence: 1 - isDigit });
    }
    return others
      .filter((other) => other.confidence >= NOTABLE)
      .sort((a, b) => b.confidence - a.confidence)
      .slice(0, MOST);
  }

  /** All of an answer, to be heard once. */
  announcement(shown) {
    const heard = (reading) => ({ ...reading, text: this.heard(reading.text) });
    const read = shown.read && heard(shown.read);
    const answer = { ...heard(shown), alternatives: shown.alternatives.map(heard), read };
    const said = [this.sentence(answer), this.detail(answer)];
    const others = answer.digits.length && answer.status !== "not_a_number" ? this.others(answer) : [];
    if (others.length) {
      const list = others.map((o) => `${o.text} (${this.percent(o.confidence)})`).join(", ");
      said.push(this.say("or_list", { list }));
    }
    return said.join(" ");
  }

  /** A refusal or a failure; the server's own words where there are no better ones. */
  problem({ status, message, name }) {
    return this.#texts[`problem_${status || name}`] ?? message ?? this.say("problem_server");
  }
}

/** Lines of writing on one line. */
export function oneLine(text) {
  return text.replaceAll("\n", "; ");
}
