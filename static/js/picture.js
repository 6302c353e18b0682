// A picture file on its way to the server: looked at, turned, made smaller.

/** The longest side that is sent, in pixels: ink is still several pixels wide on a whole page. */
const MOST_PIXELS = 2400;

/** Files larger than this are sent smaller, if they are pictures that this browser knows. */
const MOST_BYTES = 1.5 * 2 ** 20;

const SENT_AS_THEY_ARE = new Set(["image/png", "image/jpeg", "image/webp"]);

/** What an iPhone stores: the brand that follows ftyp in the file's first bytes. */
const HEIC = /^.{4}ftyp(hei[cfmsx]|hev[cmsx]|mif1|msf1|avi[fs])/s;

/** How the pictures that the server knows begin. */
const KNOWN = /^(\x89PNG|\xff\xd8\xff|RIFF.{4}WEBP)/s;

/** A picture that cannot be sent; `name` says why: `heic`, `too_large`, or a status of HTTP. */
export class PictureError extends Error {
  constructor(name) {
    super();
    this.name = name;
  }
}

/**
 * @param {Blob} file
 * @param {number} turns by 90 degrees, clockwise
 * @param {number} mostBytes that the server takes
 * @returns {Promise<Blob>} what to send: the file itself where nothing had to be done
 * @throws {PictureError}
 */
export async function prepared(file, turns, mostBytes) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) throw new PictureError(await refusal(file, mostBytes));
  const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
  const small = scale === 1 && file.size <= MOST_BYTES;
  if (small && turns % 4 === 0 && SENT_AS_THEY_ARE.has(file.type)) return file;
  return drawn(picture, scale, turns % 4);
}

function drawn(picture, scale, turns) {
  const [width, height] = [picture.width * scale, picture.height * scale].map(Math.round);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = turns % 2 ? [height, width] : [width, height];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // what is transparent is paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((turns * Math.PI) / 2);
  context.drawImage(picture, -width / 2, -height / 2, width, height);
  picture.close();
  return jpegOf(canvas);
}

/**
 * A canvas as a JPEG file. `toBlob` waits in Chromium until the page is idle: on a busy machine it
 * takes seven seconds for what takes a few hundredths of one.
 * @throws {PictureError}
 */
export function jpegOf(canvas) {
  const text = canvas.toDataURL("image/jpeg", 0.9);
  if (!text.startsWith("data:image/jpeg")) throw new PictureError("too_large");
  return ofText(text);
}

/** What the server would say of a file or folder. */
async function refusal(file, mostBytes) {
  const bytes = await file.slice(0, 12).arrayBuffer().catch(() => []);
  const start = String.fromCharCode(...new Uint8Array(bytes));
  if (/hei[cf]$/i.test(file.type || file.name) || HEIC.test(start)) return "heic";
  if (file.size > mostBytes) return "too_large";
  return KNOWN.test(start) ? "422" : "415";
}

/** A picture as text, to be kept. */
export function textOf(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onloadend = () => resolve(reader.result ?? "");
    reader.readAsDataURL(blob);
  });
}

/** The picture that was kept so. */
export function ofText(text) {
  const [kind, content] = text.slice(5).split(";base64,");
  return new Blob([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], { type: kind });
}
