// Opens the page where the server does not answer. It keeps that page and its files, a page that says so
// in the place of the others, and nothing else.

/** Start of a cache's name. The rest is the version in the files' addresses (webapp/site/assets.py). */
const CACHE = "inkling-";

/** A page that takes longer is opened as it was kept, in ms: half of what holds attention (Nielsen 1993). */
const PATIENCE = 5000;

/** A proxy's answers for a server that is away. */
const AWAY = new Set([502, 503, 504]);

/** A file of a page: its address, and the version in it. */
const FILE = /(?:href|src)="(\/static\/(\w+)\/[^"]+)"/g;

/** Pages vary with headers that a worker does not see. */
const ANY = { ignoreVary: true };

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(fetch("/").then(keep));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname === "/" && request.mode === "navigate") event.respondWith(pageOf(event));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(away));
  else if (pathname.startsWith("/static/")) event.respondWith(fileOf(request));
});

/** The server's page; the one that was kept, where there is none. */
async function pageOf(event) {
  const answer = fetch(event.request);
  // What cannot be kept is shown all the same.
  event.waitUntil(answer.then((response) => keep(response.clone())).catch(() => {}));
  const late = new Promise((_, reject) => setTimeout(reject, PATIENCE));
  try {
    const response = await Promise.race([answer, late]);
    if (!AWAY.has(response.status)) return response;
  } catch {
    // No connection, or hardly one.
  }
  // In the language of the address, or else in that of the last visit.
  return (await caches.match(event.request, ANY)) ?? (await caches.match("/", ANY)) ?? answer;
}

/** What is shown in the place of another page without a connection, in the language of the last visit. */
async function away() {
  const page = await caches.match("/", ANY);
  return (await caches.match(awayIn(page), ANY)) ?? Response.error();
}

function awayIn(page) {
  return `/offline?lang=${page?.headers.get("Content-Language")}`;
}

/** A file never changes at its address. */
async function fileOf(request) {
  return (await caches.match(request, ANY)) ?? fetch(request);
}

/** Keep a page in the place of another version, once all its files are there. */
async function keep(page) {
  const files = new Map(Array.from((await page.clone().text()).matchAll(FILE), ([, ...file]) => file));
  if (!mayKeep(page) || !files.size) return;
  const [version] = files.values();
  const cache = await caches.open(CACHE + version);
  const add = async (address, from = address) => {
    if (await cache.match(address, ANY)) return;
    const file = await fetch(from);
    if (!mayKeep(file)) throw new Error(`${address} has status ${file.status}`);
    await cache.put(address, file);
  };
  await Promise.all(Array.from(files.keys(), (address) => add(address)));
  // The address without a language is in that of the page that was shown, and sets no cookie.
  await add(awayIn(page), "/offline");
  await cache.put(`/?lang=${page.headers.get("Content-Language")}`, page.clone());
  await cache.put("/", page);
  for (const name of await caches.keys()) {
    if (name.startsWith(CACHE) && name !== CACHE + version) await caches.delete(name);
  }
}

function mayKeep({ ok, redirected, headers }) {
  return ok && !redirected && !/no-store/.test(headers.get("Cache-Control"));
}
