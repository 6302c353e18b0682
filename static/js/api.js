// Asking the server. No DOM.

/** The server's refusal; `status` of HTTP, `message` the server's own words, if any. */
export class ApiError extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    /** Milliseconds after which to ask again, if the server said so. */
    this.retryAfter = retryAfter;
  }
}

/** No answer, or half of one. */
export class NetworkError extends Error {
  name = "network";
}

/** The answers after which the same question may succeed. */
const PASSING = new Set([429, 502, 503, 504]);

/** In ms; longer than the server takes for any request (INKLING_REQUEST_SECONDS, 25 s). */
const TIMEOUT = 30000;

/** Read a drawing; `body` as Drawing.toRequest() gives it. */
export function readStrokes(body, signal) {
  return askJson("/api/v1/predict/strokes", { ...body, glyphs: true }, signal);
}

/** What the network saw of one digit of a drawing. */
export function explainStrokes(body, signal) {
  return askJson("/api/v1/explain", body, signal);
}

/** Read a picture, a File or Blob; `progress` is called with the share that is sent. */
export function readImage(file, signal, progress = () => {}) {
  return sendFile("/api/v1/predict/image?glyphs=true", file, signal, progress);
}

/** What the network saw of one digit of a picture. */
export function explainImage(file, index, signal) {
  return sendFile(`/api/v1/explain?index=${index}`, file, signal, () => {});
}

async function askJson(address, body, signal) {
  const limit = AbortSignal.timeout?.(TIMEOUT);
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(address, { ...options, signal: either(signal, limit) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new NetworkError();
  }
  const text = await response.text().catch(() => "");
  return understood(response.status, text, response.headers.get("Retry-After"));
}

/** fetch does not tell how much has gone up: this does. */
function sendFile(address, file, signal, progress) {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new DOMException("aborted", "AbortError"));
    // A signal that is aborted already fires no event any more.
    if (signal?.aborted) {
      stopped();
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.timeout = 2 * TIMEOUT;
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onload = () => {
      try {
        const after = request.getResponseHeader("Retry-After");
        resolve(understood(request.status, request.responseText, after));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = request.ontimeout = () => reject(new NetworkError());
    request.onabort = stopped;
    signal?.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("image", file);
    request.send(form);
  });
}

/** @throws {ApiError | NetworkError} */
export function understood(status, text, retryAfter = null) {
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Not JSON: a proxy's own error page, or an answer cut short.
  }
  if (status >= 200 && status < 300) {
    if (answer) return answer;
    throw new NetworkError();
  }
  throw new ApiError(status, answer?.detail, 1000 * (Number(retryAfter) || 0));
}

/** Older browsers have neither `timeout` nor `any`. */
function either(...signals) {
  const given = signals.filter(Boolean);
  if (AbortSignal.any) return AbortSignal.any(given);
  const controller = new AbortController();
  for (const signal of given) signal.addEventListener("abort", () => controller.abort());
  return controller.signal;
}

/** After this many ms an answer is late enough to say so. */
const LATE = 2500;

/** Between attempts, in ms: doubled each time, up to the longest. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15000;

/** The longest where no server answers: it is not spared by waiting. */
const LONGEST_LOST = 2000;

/**
 * Asks one question at a time and again until it is answered: a new one aborts the one before,
 * whose outcome is dropped even if it comes late.
 */
export class Asker {
  #callbacks;
  #controller = null;
  #timers = [];
  #again = null;

  /**
   * @param {object} callbacks answered(value); refused(error); late(); lost(error): it will be asked
   *   again by itself
   */
  constructor(callbacks) {
    this.#callbacks = callbacks;
  }

  /**
   * @param {(signal: AbortSignal) => Promise<object>} task
   * @param {number} delay ms in which another question may take its place
   */
  ask(task, delay = 0) {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    if (delay) this.#later(delay, () => this.#attempt(task, controller, FIRST_PAUSE));
    else this.#attempt(task, controller, FIRST_PAUSE);
  }

  /** Whether a question is open: waiting, asked, or to be asked again. */
  get isBusy() {
    return this.#controller !== null;
  }

  /** The network may be back: do not wait for the next attempt. */
  hurry() {
    this.#again?.();
  }

  /** Abort what runs; none of its callbacks will be called. */
  cancel() {
    this.#controller?.abort();
    this.#controller = this.#again = null;
    this.#clear();
  }

  async #attempt(task, controller, pause) {
    this.#clear();
    this.#again = null;
    this.#later(LATE, () => this.#callbacks.late());
    let value, failure;
    try {
      value = await task(controller.signal);
    } catch (error) {
      failure = error;
    }
    if (this.#controller !== controller) return;
    this.#clear();
    if (failure instanceof NetworkError || PASSING.has(failure?.status)) {
      this.#callbacks.lost(failure);
      // The callback may have given up.
      if (this.#controller !== controller) return;
      this.#again = () => this.#attempt(task, controller, Math.min(2 * pause, LONGEST_PAUSE));
      const longest = failure instanceof NetworkError ? LONGEST_LOST : LONGEST_PAUSE;
      this.#later(failure.retryAfter || Math.min(pause, longest), this.#again);
      return;
    }
    this.#controller = null;
    if (failure) this.#callbacks.refused(failure);
    else this.#callbacks.answered(value);
  }

  #later(ms, act) {
    this.#timers.push(setTimeout(act, ms));
  }

  #clear() {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
  }
}
