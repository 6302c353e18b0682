// A picture file on its way to the server: looked at, turned, made smaller.

/** The longest side that is sent, in pixels: ink is still several pixels wide on a whole page. */
const MOST_PIXELS = 2400;

/** Files larger than this are sent smaller, if they are pictures that this browser knows. */
const MOST_BYTES = 1.5 * 2 ** 20;

const SENT_AS_THEY_ARE = new Set(["image/png", "image/jpeg", "image/webp"]);

/** What an iPhone stores: the brand that follows ftyp in the file's first bytes. */
const HEIC = /^ftyp(hei[cfmsx]|hev[cmsx]|mif1|msf1|avi[fs])/;

/** A picture that cannot be sent; `name` says why. */
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
 * @throws {PictureError} `heic` or `too_large`
 */
export async function prepared(file, turns, mostBytes) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) {
    if (await isHeic(file)) throw new PictureError("heic");
    if (file.size > mostBytes) throw new PictureError("too_large");
    return file; // the server says what is wrong with it
  }
  const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
  const small = scale === 1 && file.size <= MOST_BYTES;
  if (small && turns % 4 === 0 && SENT_AS_THEY_ARE.has(file.type)) return file;
  return drawn(picture, scale, turns % 4);
}

async function drawn(picture, scale, turns) {
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
  return new Promise((resolve, reject) => {
    const done = (blob) => (blob ? resolve(blob) : reject(new PictureError("too_large")));
    canvas.toBlob(done, "image/jpeg", 0.9);
  });
}

async function isHeic(file) {
  if (/^image\/hei[cf]/.test(file.type) || /\.hei[cf]$/i.test(file.name ?? "")) return true;
  const start = new Uint8Array(await file.slice(4, 12).arrayBuffer());
  return HEIC.test(String.fromCharCode(...start));
}
