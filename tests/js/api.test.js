// Asking the server, with a stand-in for fetch.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ApiError, Asker, NetworkError, explainStrokes, readImage, readStrokes, understood,
} from "../../static/js/api.js";

/** Let `fetch` answer so during one test; the requests it got are returned as they come. */
function serve(t, reply) {
  const requests = [];
  t.mock.method(globalThis, "fetch", async (address, options) => {
    requests.push({ address, ...options });
    return reply(options);
  });
  return requests;
}

const json = (body, status = 200, headers = {}) => Response.json(body, { status, headers });

test("a drawing is posted as JSON that asks for glyphs, and the answer comes back", async (t) => {
  const requests = serve(t, () => json({ text: "7" }));
  const body = { strokes: [{ x: [1], y: [2], t: [0] }] };

  assert.deepEqual(await readStrokes(body), { text: "7" });

  const [request] = requests;
  assert.equal(request.address, "/api/v1/predict/strokes");
  assert.equal(request.method, "POST");
  assert.equal(request.headers["Content-Type"], "application/json");
  assert.deepEqual(JSON.parse(request.body), { ...body, glyphs: true });
});

test("an explanation is asked for with the same strokes", async (t) => {
  const requests = serve(t, () => json({ layers: [] }));
  await explainStrokes({ strokes: [], index: 2 });
  assert.equal(requests[0].address, "/api/v1/explain");
  assert.deepEqual(JSON.parse(requests[0].body), { strokes: [], index: 2 });
});

test("a refusal has the status, the problem's detail and when to come back", () => {
  const problem = JSON.stringify({ detail: "Full." });
  assert.throws(() => understood(503, problem, "3"), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.message, error.retryAfter], [503, "Full.", 3000]);
    return true;
  });
});

test("a proxy's error page, not JSON, becomes its status", () => {
  assert.throws(() => understood(502, "<h1>Bad gateway</h1>"), { status: 502, message: "" });
});

test("an answer cut short is not taken for a reading", () => {
  assert.throws(() => understood(200, '{"text": "7"'), NetworkError);
});

test("a network failure is one, whatever the browser calls it", async (t) => {
  serve(t, () => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(readStrokes({}), NetworkError);
});

test("an abort stays an abort, so that nobody is told of a failure", async (t) => {
  serve(t, ({ signal }) => signal.throwIfAborted());
  await assert.rejects(readStrokes({}, AbortSignal.abort()), { name: "AbortError" });
});

test("a picture that was cancelled before it was sent is not sent", async (t) => {
  const calls = [];
  globalThis.XMLHttpRequest = class {
    upload = {};
    open = () => calls.push("open");
    send = () => calls.push("send");
  };
  t.after(() => delete globalThis.XMLHttpRequest);
  const reading = readImage(new Blob(["7"]), AbortSignal.abort());
  await assert.rejects(Promise.race([reading, settle()]), { name: "AbortError" });
  assert.deepEqual(calls, []);
});

// ---- the asker ----

/** An asker whose calls back are noted, and a clock that only the test moves. */
function asker(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const noted = [];
  const note = (name) => (value) => noted.push(value === undefined ? [name] : [name, value]);
  const made = new Asker({
    answered: note("answered"),
    refused: (error) => noted.push(["refused", error.message]),
    late: note("late"),
    lost: () => noted.push(["lost"]),
  });
  return { made, noted, tick: (ms) => t.mock.timers.tick(ms) };
}

/** Let what is promised happen. */
const settle = () => new Promise(setImmediate);

/** A task that ends when told to, whatever its signal says. */
function pending() {
  const parts = {};
  const promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  const task = (signal) => {
    task.signal = signal;
    return promise;
  };
  return Object.assign(task, parts);
}

test("an answer is handed on, and nothing is open any more", async (t) => {
  const { made, noted } = asker(t);
  made.ask(async () => 7);
  assert.equal(made.isBusy, true);
  await settle();
  assert.deepEqual(noted, [["answered", 7]]);
  assert.equal(made.isBusy, false);
});

test("a refusal is handed on and not asked again", async (t) => {
  const { made, noted, tick } = asker(t);
  made.ask(() => Promise.reject(new ApiError(422, "no")));
  await settle();
  tick(60000);
  await settle();
  assert.deepEqual(noted, [["refused", "no"]]);
});

test("a later question aborts the one before, whose late answer is dropped", async (t) => {
  const { made, noted } = asker(t);
  const first = pending();
  made.ask(first);
  made.ask(async () => "second");
  assert.equal(first.signal.aborted, true);
  first.resolve("first");
  await settle();
  assert.deepEqual(noted, [["answered", "second"]]);
});

test("the late failure of a question that was replaced is dropped", async (t) => {
  const { made, noted } = asker(t);
  const first = pending();
  made.ask(first);
  made.ask(async () => "second");
  first.reject(new NetworkError());
  await settle();
  assert.deepEqual(noted, [["answered", "second"]]);
});

test("a delayed question is not asked where another comes first", async (t) => {
  const { made, noted, tick } = asker(t);
  const asked = [];
  made.ask(async () => asked.push("first"), 100);
  tick(99);
  made.ask(async () => asked.push("second"), 100);
  tick(100);
  await settle();
  assert.deepEqual(asked, ["second"]);
  assert.equal(noted.length, 1);
});

test("a lost connection is said and tried again, each time after twice as long", async (t) => {
  const { made, noted, tick } = asker(t);
  let attempts = 0;
  made.ask(async () => {
    attempts += 1;
    if (attempts < 3) throw new NetworkError();
    return 7;
  });
  await settle();
  tick(1000);
  await settle();
  assert.equal(attempts, 2);
  tick(1999);
  await settle();
  assert.equal(attempts, 2);
  tick(1);
  await settle();
  assert.deepEqual(noted, [["lost"], ["lost"], ["answered", 7]]);
});

test("a lost connection is tried again every two seconds, however long it lasts", async (t) => {
  const { made, tick } = asker(t);
  let attempts = 0;
  made.ask(async () => {
    attempts += 1;
    throw new NetworkError();
  });
  await settle();
  tick(1000);
  await settle();
  for (let n = 3; n < 10; n += 1) {
    tick(2000);
    await settle();
    assert.equal(attempts, n);
  }
});

test("a busy server is asked again when it says so", async (t) => {
  const { made, noted, tick } = asker(t);
  let attempts = 0;
  made.ask(async () => {
    attempts += 1;
    if (attempts === 1) throw new ApiError(503, "full", 5000);
    return 7;
  });
  await settle();
  tick(4999);
  await settle();
  assert.equal(attempts, 1);
  tick(1);
  await settle();
  assert.deepEqual(noted, [["lost"], ["answered", 7]]);
});

test("when the network is back nobody waits", async (t) => {
  const { made, noted } = asker(t);
  let attempts = 0;
  made.ask(async () => {
    attempts += 1;
    if (attempts === 1) throw new NetworkError();
    return 7;
  });
  await settle();
  made.hurry();
  await settle();
  assert.deepEqual(noted, [["lost"], ["answered", 7]]);
});

test("a late answer is said to be late, once, and still comes", async (t) => {
  const { made, noted, tick } = asker(t);
  const task = pending();
  made.ask(task);
  tick(2499);
  assert.deepEqual(noted, []);
  tick(10000);
  task.resolve(7);
  await settle();
  assert.deepEqual(noted, [["late"], ["answered", 7]]);
});

test("cancel aborts the question, its attempts too, and calls nothing back", async (t) => {
  const { made, noted, tick } = asker(t);
  const task = pending();
  made.ask(task);
  made.cancel();
  assert.equal(task.signal.aborted, true);
  task.reject(new NetworkError());
  await settle();
  tick(60000);
  made.hurry();
  await settle();
  assert.deepEqual(noted, []);
});
