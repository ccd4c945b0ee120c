// Words as text: comparison without case and accents, and display without control characters.

const marks = /[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u0652\u0670]/g;
const letters = /[ßæœøđðłıþ]/g;
const plain = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", ı: "i", þ: "th" };
const unshown = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;

/** Take case and accents from a word, so that "Ano" finds "año". */
function fold(word) {
  return word.normalize("NFKD").toLowerCase().replace(marks, "").replace(letters, (c) => plain[c]);
}

/** Replace what no page shows, or what would turn the text around it. */
function shown(word) {
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
