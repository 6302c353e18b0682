// <ink-number>: a form field that is written by hand. An Inkling server reads the writing.
//
// <script type="module" src="https://inkling.example/component/1/ink-number.js"></script>
// <form><ink-number name="amount" pattern="0+.00" required></ink-number></form>
//
// The value is in a text field beside the pad, so it can be corrected, or typed instead.

const WORDS = {
  en: {
    hint: "Write here",
    value: "Number",
    undo: "Undo",
    clear: "Clear",
    reading: "Reading…",
    unsure: "Please check the number.",
    none: "This is not a number.",
    unfit: "This does not have the expected form. Please check.",
    lost: "The reader cannot be reached. Your writing is kept, and read once it answers. You can also type the number.",
    refused: "The writing cannot be read. Please type the number.",
    full: "The pad is full.",
    missing: "Please write or type a number.",
  },
  es: {
    hint: "Escriba aquí",
    value: "Número",
    undo: "Deshacer",
    clear: "Borrar",
    reading: "Leyendo…",
    unsure: "Compruebe el número.",
    none: "Esto no es un número.",
    unfit: "No tiene la forma esperada. Compruébelo.",
    lost: "No se puede llegar al lector. Lo escrito se conserva y se lee cuando responda. También puede teclear el número.",
    refused: "No se puede leer lo escrito. Teclee el número.",
    full: "No cabe más.",
    missing: "Escriba o teclee un número.",
  },
  de: {
    hint: "Hier schreiben",
    value: "Zahl",
    undo: "Rückgängig",
    clear: "Löschen",
    reading: "Wird gelesen …",
    unsure: "Bitte die Zahl prüfen.",
    none: "Das ist keine Zahl.",
    unfit: "Das hat nicht die erwartete Form. Bitte prüfen.",
    lost: "Der Leser ist nicht erreichbar. Die Schrift bleibt erhalten und wird gelesen, sobald er antwortet. Tippen geht auch.",
    refused: "Die Schrift kann nicht gelesen werden. Bitte die Zahl tippen.",
    full: "Das Feld ist voll.",
    missing: "Bitte eine Zahl schreiben oder tippen.",
  },
  ar: {
    hint: "اكتب هنا",
    value: "الرقم",
    undo: "تراجع",
    clear: "مسح",
    reading: "جارٍ القراءة…",
    unsure: "يرجى التحقق من الرقم.",
    none: "هذا ليس رقمًا.",
    unfit: "ليس بالشكل المتوقع. يرجى التحقق.",
    lost: "تعذر الوصول إلى القارئ. كتابتك محفوظة وتُقرأ حين يجيب. يمكنك أيضًا كتابة الرقم بلوحة المفاتيح.",
    refused: "تتعذر قراءة الكتابة. اكتب الرقم بلوحة المفاتيح.",
    full: "اللوحة ممتلئة.",
    missing: "يرجى كتابة رقم.",
  },
};

/** Where the script comes from: the server that reads, unless `endpoint` names another. */
const HOME = new URL(import.meta.url).origin;

/** Rest of the pen after which its writing is read, in ms. */
const REST = 350;

/** Pauses between attempts without an answer, in ms: the first, and the longest. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5000;

/** Longest wait for an answer, in ms. The server takes at most 25 s. */
const TIMEOUT = 30000;

/** The server's bounds on a drawing. */
const MOST_STROKES = 500;
const MOST_POINTS = 20000;

/** Statuses after which the same request may succeed. */
const PASSING = new Set([429, 502, 503, 504]);

/** Width of the pen, as a share of the pad's height. */
const PEN = 0.03;

const STYLE = `
:host { display: inline-block; width: 20em; max-width: 100%; font: inherit; }
:host([hidden]) { display: none; }
.pad {
  position: relative;
  height: var(--ink-number-height, 7em);
  border: 1px solid var(--ink-number-border, #8b8678);
  border-radius: var(--ink-number-radius, 8px);
  background: var(--ink-number-paper, Canvas);
  color: var(--ink-number-ink, CanvasText);
}
canvas { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none;
  cursor: crosshair; }
.hint { position: absolute; inset: auto 0 0.5em; margin: 0; text-align: center; opacity: 0.7;
  pointer-events: none; }
.row { display: flex; gap: 0.4em; margin-top: 0.4em; }
input { flex: 1; min-width: 0; box-sizing: border-box; font: inherit; padding: 0.4em 0.5em;
  color: inherit; background: var(--ink-number-paper, Canvas);
  border: 1px solid var(--ink-number-border, #8b8678);
  border-radius: var(--ink-number-radius, 8px); direction: ltr; }
button { font: inherit; min-width: 2.6em; min-height: 2.6em; cursor: pointer; color: inherit;
  background: none; border: 1px solid var(--ink-number-border, #8b8678);
  border-radius: var(--ink-number-radius, 8px); }
:focus-visible { outline: 2px solid var(--ink-number-accent, #2746b8); outline-offset: 1px; }
.status { min-height: 1.3em; margin: 0.3em 0 0; font-size: 0.9em; }
:host([disabled]) { opacity: 0.6; }
:host([disabled]) canvas { pointer-events: none; }
`;

const MARKUP = `
<div class="pad" part="pad"><canvas aria-hidden="true"></canvas><p class="hint" part="hint"></p></div>
<div class="row">
  <input part="value" inputmode="decimal" autocomplete="off" spellcheck="false" maxlength="64">
  <button type="button" part="button" data-undo>↶</button>
  <button type="button" part="button" data-clear>×</button>
</div>
<p class="status" part="status" role="status"></p>`;

/** The texts of a pattern (docs/api.md, "Fields of forms") as a regular expression. */
export function expressionOf(pattern) {
  const brackets = [];
  let source = "";
  /** Where the part begins that a repetition belongs to. */
  let begin = 0;
  for (const part of pattern.match(/\{[^}]*\}|\\.|./g) ?? []) {
    if (/^[?+*{]/.test(part)) {
      // In brackets, or a second repetition would make the first one lazy.
      source = `${source.slice(0, begin)}(?:${source.slice(begin)}${part})`;
    } else if (part === "(") {
      brackets.push(source.length);
      source += "(?:";
    } else if (part === ")") {
      begin = brackets.pop();
      source += ")";
    } else if (part === "|") {
      source += "|";
    } else {
      begin = source.length;
      const code = part.codePointAt(part.length - 1).toString(16).padStart(2, "0");
      source += part === "0" ? "[0-9]" : `\\x${code}`;
    }
  }
  return new RegExp(`^(?:${source})$`);
}

export class InkNumber extends HTMLElement {
  static formAssociated = true;
  static observedAttributes = ["required", "pattern", "lang", "disabled"];

  #internals = this.attachInternals();
  #canvas;
  #context;
  #input;
  #status;
  /** Points in heights of the pad: {x: [], y: [], t: []} each. */
  #strokes = [];
  #pointer = null;
  #since = 0;
  #rest = 0;
  #request = null;
  #pause = FIRST_PAUSE;
  #committed = "";
  /** The ink is newer than the value. */
  #pending = false;
  /** The value was read, and is not what the field may hold. */
  #unfit = false;
  /** What the status says: a key of WORDS, or "". */
  #said = "";
  #hurry = () => this.#pause !== FIRST_PAUSE && this.#read();
  #resizes = new ResizeObserver(() => this.#fit());

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    // An adopted sheet needs no permission of the page's content security policy.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    root.innerHTML = MARKUP;
    this.#canvas = root.querySelector("canvas");
    this.#context = this.#canvas.getContext("2d");
    this.#input = root.querySelector("input");
    this.#status = root.querySelector(".status");
    const listen = (target, name, act) => target.addEventListener(name, act);
    listen(this.#canvas, "pointerdown", (event) => this.#down(event));
    listen(this.#canvas, "pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      listen(this.#canvas, end, (event) => this.#up(event));
    }
    listen(this.#canvas, "contextmenu", (event) => event.preventDefault());
    listen(this.#input, "input", (event) => {
      event.stopPropagation();
      this.#stop();
      this.#pending = this.#unfit = false;
      this.#say("");
      this.#changed();
    });
    listen(this.#input, "change", () => this.#commit());
    listen(this.#input, "keydown", (event) => event.key === "Enter" && this.form?.requestSubmit());
    listen(root.querySelector("[data-undo]"), "click", () => this.#undo());
    listen(root.querySelector("[data-clear]"), "click", () => this.#clear());
  }

  connectedCallback() {
    if (!this.#input.value) this.#input.value = this.getAttribute("value") ?? "";
    this.#committed = this.value;
    this.#resizes.observe(this.#canvas);
    addEventListener("online", this.#hurry);
    if (this.#pending) this.#read();
    this.#name();
    this.#validate();
  }

  disconnectedCallback() {
    this.#stop();
    this.#resizes.disconnect();
    removeEventListener("online", this.#hurry);
  }

  attributeChangedCallback(name) {
    if (name === "lang") this.#name();
    if (name === "disabled") this.formDisabledCallback(this.matches(":disabled"));
    this.#validate();
  }

  // ---- as any field of a form ----

  get value() {
    return this.#input.value.trim();
  }

  set value(value) {
    this.#stop();
    this.#pending = this.#unfit = false;
    this.#strokes = [];
    this.#input.value = String(value ?? "");
    this.#committed = this.value;
    this.#say("");
    this.#draw();
    this.#validate();
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  get type() {
    return "ink-number";
  }

  get form() {
    return this.#internals.form;
  }

  get validity() {
    return this.#internals.validity;
  }

  get validationMessage() {
    return this.#internals.validationMessage;
  }

  get willValidate() {
    return this.#internals.willValidate;
  }

  checkValidity() {
    return this.#internals.checkValidity();
  }

  reportValidity() {
    return this.#internals.reportValidity();
  }

  /** The strokes as the server takes them. */
  get strokes() {
    return structuredClone(this.#strokes);
  }

  formAssociatedCallback() {
    this.#name();
  }

  formDisabledCallback(disabled) {
    for (const control of this.shadowRoot.querySelectorAll("input, button")) {
      control.disabled = disabled;
    }
    if (disabled) this.#stop();
  }

  formResetCallback() {
    this.value = this.getAttribute("value") ?? "";
  }

  formStateRestoreCallback(state) {
    this.value = state;
  }

  // ---- the pen ----

  #down(event) {
    if (this.#pointer !== null || !event.isPrimary || event.button !== 0) return;
    if (this.matches(":disabled")) return;
    event.preventDefault();
    if (this.#strokes.length >= MOST_STROKES || this.#points >= MOST_POINTS) {
      this.#say("full");
      return;
    }
    this.#stop();
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    if (!this.#strokes.length) this.#since = event.timeStamp;
    this.#strokes.push({ x: [], y: [], t: [] });
    this.#add(event);
    this.#pending = true;
    this.#validate();
  }

  get #points() {
    return this.#strokes.reduce((sum, { x }) => sum + x.length, 0);
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#add(each);
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    this.#pause = FIRST_PAUSE;
    this.#rest = setTimeout(() => this.#read(), REST);
  }

  #add(event) {
    const stroke = this.#strokes.at(-1);
    if (this.#points >= MOST_POINTS) return;
    const { left, top, height } = this.#canvas.getBoundingClientRect();
    const round = (value) => Math.round(value * 1e4) / 1e4;
    stroke.x.push(round((event.clientX - left) / height));
    stroke.y.push(round((event.clientY - top) / height));
    stroke.t.push(Math.min(1e6, Math.max(0, Math.round(event.timeStamp - this.#since))));
    this.#draw();
  }

  #undo() {
    this.#stop();
    this.#strokes.pop();
    this.#draw();
    if (this.#strokes.length) {
      this.#pending = true;
      this.#read();
    } else {
      this.#show("", "");
      this.#commit();
    }
  }

  #clear() {
    this.#stop();
    this.#strokes = [];
    this.#draw();
    this.#show("", "");
    this.#commit();
  }

  #fit() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const density = devicePixelRatio || 1;
    this.#canvas.width = Math.max(1, Math.round(width * density));
    this.#canvas.height = Math.max(1, Math.round(height * density));
    this.#draw();
  }

  #draw() {
    const context = this.#context;
    const { width, height } = this.#canvas;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(height, 0, 0, height, 0, 0);
    context.strokeStyle = getComputedStyle(this.#canvas).color;
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = "round";
    for (const { x, y } of this.#strokes) {
      context.beginPath();
      context.moveTo(x[0], y[0]);
      for (let i = 0; i < x.length; i++) context.lineTo(x[i], y[i]);
      context.stroke();
    }
    this.shadowRoot.querySelector(".hint").hidden = this.#strokes.length > 0;
  }

  // ---- reading ----

  /** End what is asked or will be. */
  #stop() {
    clearTimeout(this.#rest);
    this.#request?.abort();
    this.#request = null;
    this.#pause = FIRST_PAUSE;
  }

  async #read() {
    clearTimeout(this.#rest);
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const limit = setTimeout(() => request.abort(), TIMEOUT);
    if (this.#said !== "lost") this.#say("reading");
    let status = 0;
    let answer = null;
    let after = 0;
    try {
      const response = await fetch(this.#address(), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(this.#question()),
        signal: request.signal,
        credentials: "omit",
      });
      ({ status } = response);
      after = 1000 * (Number(response.headers.get("Retry-After")) || 0);
      answer = await response.json();
    } catch {
      // No connection, or half an answer: another attempt follows.
    }
    clearTimeout(limit);
    if (this.#request !== request) return;
    this.#request = null;
    if (status === 200 && answer) {
      this.#pause = FIRST_PAUSE;
      this.#answered(answer);
    } else if (status === 200 || status === 0 || PASSING.has(status)) {
      this.#say("lost");
      this.#validate();
      this.#rest = setTimeout(() => this.#read(), after || this.#pause);
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    } else {
      this.#show("", "refused");
      this.#commit();
    }
  }

  #address() {
    const base = this.getAttribute("endpoint") || HOME;
    return `${base.replace(/\/+$/, "")}/api/v1/predict/strokes`;
  }

  #question() {
    const question = { strokes: this.#strokes };
    for (const name of ["pattern", "check", "expect"]) {
      if (this.hasAttribute(name)) question[name] = this.getAttribute(name);
    }
    for (const name of ["min", "max"]) {
      const value = Number(this.getAttribute(name) || NaN);
      if (Number.isFinite(value)) question[name] = value;
    }
    const addends = this.getAttribute("sum-of")?.match(/\S+/g);
    if (addends) question.sum_of = addends;
    return question;
  }

  #answered(answer) {
    const { text, status, fits } = answer;
    const unsure = fits === false ? "unfit" : "unsure";
    const said = { ok: "", unsure, not_a_number: "none", empty: "none" };
    this.#show(text.replaceAll("\n", " "), said[status] ?? "", fits === false);
    if (!this.#said && this.validity.patternMismatch) this.#say("unfit");
    this.dispatchEvent(new CustomEvent("ink-reading", { detail: answer, bubbles: true }));
    this.#commit();
  }

  #show(value, said, unfit = false) {
    this.#input.value = value;
    this.#pending = false;
    this.#unfit = unfit;
    this.#say(said);
    this.#changed();
  }

  #changed() {
    this.#validate();
    this.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  }

  #commit() {
    if (this.value === this.#committed) return;
    this.#committed = this.value;
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // ---- words ----

  get #words() {
    const language = this.closest("[lang]")?.lang || navigator.language || "en";
    return WORDS[language.slice(0, 2).toLowerCase()] ?? WORDS.en;
  }

  #say(said) {
    this.#said = said;
    this.#status.textContent = said && this.#words[said];
  }

  /** Name the controls, and the field as its label does. */
  #name() {
    const words = this.#words;
    const label = this.#internals.labels?.[0]?.textContent?.trim();
    this.#input.setAttribute("aria-label", this.getAttribute("aria-label") || label || words.value);
    this.shadowRoot.querySelector(".hint").textContent = words.hint;
    for (const name of ["undo", "clear"]) {
      const button = this.shadowRoot.querySelector(`[data-${name}]`);
      button.title = words[name];
      button.setAttribute("aria-label", words[name]);
    }
    this.#say(this.#said);
  }

  #validate() {
    this.#internals.setFormValue(this.value);
    const flags = {};
    let message = "";
    if (this.#pending) {
      flags.customError = true;
      message = this.#words[this.#said === "lost" ? "lost" : "reading"];
    } else if (this.hasAttribute("required") && !this.value) {
      flags.valueMissing = true;
      message = this.#words.missing;
    } else if (this.value && this.hasAttribute("pattern") && !this.#hasForm()) {
      flags.patternMismatch = true;
      message = this.#words.unfit;
    } else if (this.value && this.#unfit) {
      flags.customError = true;
      message = this.#words.unfit;
    }
    this.#internals.setValidity(flags, message, this.#input);
  }

  #hasForm() {
    try {
      return expressionOf(this.getAttribute("pattern")).test(this.value);
    } catch {
      return true; // The server says what is wrong with the pattern.
    }
  }
}

if (!customElements.get("ink-number")) customElements.define("ink-number", InkNumber);
