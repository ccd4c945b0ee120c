// Values that the page carries: JSON, with large arrays deflated and in base64.

/** Read the JSON of a script element; null if the page has none. */
function carried(id) {
  const holder = document.getElementById(id);
  return holder && JSON.parse(holder.textContent);
}

async function inflate(packed) {
  const binary = atob(packed);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Unpack a list of strings. */
async function unpackStrings(packed) {
  return JSON.parse(new TextDecoder().decode(await inflate(packed)));
}

/** Unpack numbers whose bytes lie apart: all lowest ones first. */
async function unpackNumbers(packed, Type) {
  const planes = await inflate(packed);
  const width = Type.BYTES_PER_ELEMENT;
  const size = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0, at = plane; i < size; i++, at += width) bytes[at] = planes[plane * size + i];
  }
  return new Type(bytes.buffer); // little-endian, as every browser is
}
