// The report: starts what the page has.

startTheme();
startNavigation();
startPrinting();

const errors = document.querySelector(".errors");
if (errors) new ErrorsView(errors);

const carriedMap = carried("word-map-data");
if (carriedMap) {
  const root = document.querySelector(".word-map");
  WordMapView.unpack(root, carriedMap).then((view) => {
    root.dataset.ready = "";
    root.view = view; // for tests, and for the curious
  });
}

const carriedDictionary = carried("dictionary-data");
if (carriedDictionary) {
  const root = document.querySelector(".dictionary");
  CarriedDictionary.unpack(carriedDictionary)
    .then((source) => new DictionaryView(root, source).search())
    .then(() => (root.dataset.ready = ""))
    .catch((error) => {
      root.querySelector("[role=status]").textContent = `The dictionary cannot be read: ${error.message}`;
    });
}
