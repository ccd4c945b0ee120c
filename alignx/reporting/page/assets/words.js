// Words as text: comparison without case and accents, and display without control characters.

const marks = /[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u0652\u0670]/g;
const letters = /[ßæœøđðłıþ]/g;
const plain = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", ı: "i", þ: "th" };
const unshown = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;

/** Take case and accents from a word, so that "Ano" finds "año". */
function fold(word) {
  return word.normalize("NFKD").toLowerCase().replace(marks, "").replace(letters, (c) => plain[c]);
}

// Spaces, marks without width, and letters without ink, such as the Hangul fillers.
const invisible =
  /^[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0]+$/;

/** Replace what no page shows, or would turn the text around it; name what has no ink. */
function shown(word) {
  if (invisible.test(word)) {
    const points = [...word].map((c) => `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
    return points.slice(0, 3).join(" ") + (points.length > 3 ? " …" : "");
  }
  return word.replace(unshown, "\ufffd");
}

/** Make an element from a name, a class, and texts or elements inside it. */
function element(name, classes = "", ...inside) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...inside);
  return made;
}

/** Make a word of a language an element of its own direction. */
function wordElement(word, classes, code) {
  const made = element("bdi", classes, shown(word));
  if (/^[a-z]{2,3}$/.test(code)) made.lang = code;
  return made;
}

const counts = new Intl.NumberFormat("en");

/** Write a count as "1 word" or "1,234 words". */
function counted(count, noun) {
  return `${counts.format(count)} ${count === 1 ? noun : `${noun}s`}`;
}
