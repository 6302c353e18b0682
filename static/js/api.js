// Asking the server. No DOM.

/** The server's refusal, in words for the visitor. */
export class ApiError extends Error {}

/** Read a drawing; `body` as Drawing.toRequest() gives it. */
export function readStrokes(body, signal) {
  return ask("/api/v1/predict/strokes", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

/** Read a picture, a File or Blob. */
export function readImage(file, signal) {
  const form = new FormData();
  form.append("image", file);
  form.append("expect", "digit");
  form.append("glyphs", "true");
  return ask("/api/v1/predict/image", { method: "POST", body: form, signal });
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached. Please try again.");
  }
  // Not JSON: a proxy's own error page, or an answer cut short.
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  if (response.ok) throw new ApiError("The answer did not arrive whole. Please try again.");
  throw new ApiError(answer?.detail ?? `The server answered with error ${response.status}.`);
}

/**
 * Runs one task at a time: a new one aborts the one before, whose outcome is dropped even if it
 * comes late.
 */
export class Latest {
  #controller = null;

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} task
   * @param {{done: (value: T) => void, failed: (error: Error) => void}} callbacks
   */
  async run(task, { done, failed }) {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    try {
      const value = await task(controller.signal);
      if (this.#controller === controller) done(value);
    } catch (error) {
      if (this.#controller === controller) failed(error);
    }
  }

  /** Abort what runs; none of its callbacks will be called. */
  cancel() {
    this.#controller?.abort();
    this.#controller = null;
  }
}
