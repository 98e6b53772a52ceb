/** Photos in and out of the page: decoded by the browser, refused with a sentence, saved at full size. */

const MOST_BYTES = 100e6;
const MOST_PIXELS = 50e6; // four bytes each, several times over: more is too much for the memory that a page gets

/** A photo that can't be taken; its message is for the visitor. */
export class Refused extends Error {}

/** A file as {width, height, data}, turned upright, in sRGB. Throws `Refused`. */
export async function decode(file) {
  if (file.size > MOST_BYTES) {
    throw new Refused(`${file.name} is too large: ${Math.round(file.size / 1e6)} MB; this page takes up to 100 MB.`);
  }
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Refused(`${file.name} is no photo that this browser can open. JPEG, PNG and WebP will do.`);
  });
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) {
    bitmap.close();
    throw new Refused(`${file.name} is too large: ${width} × ${height} pixels; this page takes up to 50 million.`);
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  try {
    const drawing = canvas.getContext("2d", { willReadFrequently: true });
    drawing.drawImage(bitmap, 0, 0);
    return { width, height, data: drawing.getImageData(0, 0, width, height).data };
  } catch {
    throw new Refused(`${file.name} is too large for this browser: ${width} × ${height} pixels.`);
  } finally {
    bitmap.close();
  }
}

/** Show a picture {width, height, data} in a canvas, whose size becomes the picture's. */
export function show(canvas, { width, height, data }) {
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
}

/** Let the browser save a picture. type: image/jpeg, in which what is transparent becomes white, or image/png. */
export async function save(picture, name, type) {
  const canvas = document.createElement("canvas");
  show(canvas, picture);
  if (type === "image/jpeg") {
    const drawing = canvas.getContext("2d");
    drawing.globalCompositeOperation = "destination-over";
    drawing.fillStyle = "white";
    drawing.fillRect(0, 0, picture.width, picture.height);
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, 0.95));
  if (!blob) throw new Refused(`This browser can't save a picture of ${picture.width} × ${picture.height} pixels.`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name.replace(/\.[^.]*$/, "")}-colored.${type === "image/png" ? "png" : "jpg"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
