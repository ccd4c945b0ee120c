// Light or dark: as the system says, until the reader chooses; and the place in the navigation.

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call a function whenever the colors of the page change. */
function onColors(redraw) {
  document.addEventListener("colors", redraw);
}

function startTheme() {
  const button = document.querySelector(".theme");
  const changed = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    document.dispatchEvent(new Event("colors"));
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  button.hidden = false;
  changed();
}

/** Mark the section that is read in the navigation. */
function startNavigation() {
  const links = [...document.querySelectorAll(".top nav a")];
  const sections = links.map((link) => document.querySelector(link.hash)).filter(Boolean);
  const mark = () => {
    const current = sections.findLast((each) => each.getBoundingClientRect().top < innerHeight / 3);
    for (const link of links) {
      if (current && link.hash === `#${current.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const observer = new IntersectionObserver(mark, { rootMargin: "-20% 0px -60%" });
  sections.forEach((section) => observer.observe(section));
}

/** Open all details on paper, and close them again. */
function startPrinting() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
}
