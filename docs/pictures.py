"""Take the pictures of a report that README and the site show: python docs/pictures.py.

Needs the extra `test` and Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZE = {"width": 1200, "height": 860}  # as much as fits beside the text of README


def main() -> None:
    """Write the sample's report, and pictures of its first screen."""
    folder = Path(__file__).parent / "_static"
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        page_file = Path(temporary, "report.html")
        dictionary = str(Path(temporary, "en-es.tsv"))
        demo = ["demo", "-o", dictionary, "--report", str(page_file)]
        subprocess.run([sys.executable, "-m", "alignx", *demo], check=True)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for scheme in SCHEMES:
            page = browser.new_page(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(page_file.as_uri())
            page.screenshot(path=folder / f"report-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
