// The page of a space: it has nothing to search.

startTheme();
startNavigation();
startPrinting();
