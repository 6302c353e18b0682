// Asking the server, with a stand-in for fetch.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, Latest, readImage, readStrokes } from "../../static/js/api.js";

/** Let `fetch` answer so during one test; the requests it got are returned as they come. */
function serve(t, reply) {
  const requests = [];
  t.mock.method(globalThis, "fetch", async (address, options) => {
    requests.push({ address, ...options });
    return reply(options);
  });
  return requests;
}

const json = (body, status = 200) => Response.json(body, { status });

test("a drawing is posted as JSON and the answer comes back", async (t) => {
  const requests = serve(t, () => json({ text: "7" }));
  const body = { strokes: [{ x: [1], y: [2], t: [0] }] };

  assert.deepEqual(await readStrokes(body), { text: "7" });

  const [request] = requests;
  assert.equal(request.address, "/api/v1/predict/strokes");
  assert.equal(request.method, "POST");
  assert.equal(request.headers["Content-Type"], "application/json");
  assert.deepEqual(JSON.parse(request.body), body);
});

test("a picture is posted as a form that asks for one digit and its glyph", async (t) => {
  const requests = serve(t, () => json({ text: "7" }));
  const file = new File(["bytes"], "seven.png", { type: "image/png" });

  assert.deepEqual(await readImage(file), { text: "7" });

  const [{ address, method, body }] = requests;
  assert.equal(address, "/api/v1/predict/image");
  assert.equal(method, "POST");
  assert.equal(body.get("image").name, "seven.png");
  assert.equal(body.get("expect"), "digit");
  assert.equal(body.get("glyphs"), "true");
});

test("a refusal speaks with the problem's detail", async (t) => {
  serve(t, () => json({ title: "Unprocessable", detail: "image: the file is empty" }, 422));
  await assert.rejects(readImage(new Blob([])), new ApiError("image: the file is empty"));
});

test("a proxy's error page, not JSON, becomes its status", async (t) => {
  serve(t, () => new Response("<h1>Bad gateway</h1>", { status: 502 }));
  await assert.rejects(readStrokes({}), new ApiError("The server answered with error 502."));
});

test("an answer cut short is not taken for a reading", async (t) => {
  serve(t, () => new Response('{"text": "7"', { status: 200 }));
  const expected = new ApiError("The answer did not arrive whole. Please try again.");
  await assert.rejects(readStrokes({}), expected);
});

test("a network failure is said in plain words", async (t) => {
  serve(t, () => {
    throw new TypeError("Failed to fetch");
  });
  const expected = new ApiError("The server cannot be reached. Please try again.");
  await assert.rejects(readStrokes({}), expected);
});

test("an abort stays an abort, so that nobody is told of a failure", async (t) => {
  serve(t, ({ signal }) => signal.throwIfAborted());
  await assert.rejects(readStrokes({}, AbortSignal.abort()), { name: "AbortError" });
});

/** Callbacks that note what they are called with. */
function notes() {
  const noted = [];
  return {
    noted,
    done: (value) => noted.push(["done", value]),
    failed: (error) => noted.push(["failed", error.message]),
  };
}

/** A task that ends when told to, whatever its signal says. */
function pending() {
  const { promise, resolve, reject } = withResolvers();
  const task = (signal) => {
    task.signal = signal;
    return promise;
  };
  return Object.assign(task, { resolve, reject });
}

// Promise.withResolvers came after node 20.
function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

test("Latest hands on a task's value", async () => {
  const callbacks = notes();
  await new Latest().run(async () => 7, callbacks);
  assert.deepEqual(callbacks.noted, [["done", 7]]);
});

test("Latest hands on a task's failure", async () => {
  const callbacks = notes();
  await new Latest().run(() => Promise.reject(new Error("no")), callbacks);
  assert.deepEqual(callbacks.noted, [["failed", "no"]]);
});

test("a later task aborts the one before, whose late value is dropped", async () => {
  const callbacks = notes();
  const latest = new Latest();
  const first = pending();
  const ended = latest.run(first, callbacks);
  await latest.run(async () => "second", callbacks);
  assert.equal(first.signal.aborted, true);
  first.resolve("first");
  await ended;
  assert.deepEqual(callbacks.noted, [["done", "second"]]);
});

test("the late failure of a task that was replaced is dropped", async () => {
  const callbacks = notes();
  const latest = new Latest();
  const first = pending();
  const second = pending();
  const endings = [latest.run(first, callbacks), latest.run(second, callbacks)];
  first.reject(new Error("first"));
  second.resolve("second");
  await Promise.all(endings);
  assert.deepEqual(callbacks.noted, [["done", "second"]]);
});

test("cancel aborts the task and calls nothing back", async () => {
  const callbacks = notes();
  const latest = new Latest();
  const task = pending();
  const ended = latest.run(task, callbacks);
  latest.cancel();
  assert.equal(task.signal.aborted, true);
  task.resolve("late");
  await ended;
  assert.deepEqual(callbacks.noted, []);
});

test("cancel without a task does nothing, and the next task runs", async () => {
  const callbacks = notes();
  const latest = new Latest();
  latest.cancel();
  await latest.run(async () => 7, callbacks);
  assert.deepEqual(callbacks.noted, [["done", 7]]);
});
