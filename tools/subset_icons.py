"""Cut the theme's icon fonts down to the icons that our pages show: from 300 kB to a few.

    pip install fonttools brotli
    python tools/subset_icons.py

The fonts are Font Awesome Free, which comes with pydata-sphinx-theme; the results lie in ``_extra``, from where they
replace the theme's. Next to them ``icons.txt`` lists what they hold: a test compares the pages with it. Run this again
after an update of the theme, or when that test misses an icon.
"""

import io
from importlib.resources import files
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

NAME = "Warm Start Icons"
TARGET = Path(__file__).resolve().parent.parent / "_extra" / "_static" / "vendor" / "fontawesome"
ICONS = {
    "fa-solid-900.woff2": {
        "angle-down": 0xF107,
        "angle-left": 0xF104,
        "angle-right": 0xF105,
        "arrow-up": 0xF062,
        "bars": 0xF0C9,
        "circle-half-stroke": 0xF042,
        "download": 0xF019,
        "expand": 0xF065,
        "file": 0xF15B,
        "file-pdf": 0xF1C1,
        "lightbulb": 0xF0EB,
        "list": 0xF03A,
        "magnifying-glass": 0xF002,
        "moon": 0xF186,
        "pencil": 0xF303,
        "rocket": 0xF135,
        "sun": 0xF185,
        "xmark": 0xF00D,
    },
    "fa-brands-400.woff2": {"github": 0xF09B},
}


def cut(content, codepoints):
    """Return the font ``content`` with the glyphs of ``codepoints`` alone, as woff2."""
    options = subset.Options(flavor="woff2", layout_features=[], notdef_outline=True, glyph_names=False)
    options.recalc_timestamp = False
    font = TTFont(io.BytesIO(content), recalcTimestamp=False)
    missing = set(codepoints) - set(font.getBestCmap())
    if missing:
        raise SystemExit(f"the font has no icon at {', '.join(f'{point:x}' for point in sorted(missing))}")
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codepoints)
    subsetter.subset(font)
    for number, name in {1: NAME, 3: NAME, 4: NAME, 6: NAME.replace(" ", "")}.items():
        font["name"].setName(name, number, 0, 3, 0)  # the licence reserves the original name for the original font
    result = io.BytesIO()
    font.flavor = "woff2"
    font.save(result)
    return result.getvalue()


def main():
    """Write both fonts and the list of what they hold."""
    theme = files("pydata_sphinx_theme") / "theme" / "pydata_sphinx_theme" / "static" / "vendor" / "fontawesome"
    lines = []
    for name, icons in ICONS.items():
        target = TARGET / "webfonts" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(cut((theme / "webfonts" / name).read_bytes(), icons.values()))
        lines += [f"{point:x} {icon}" for icon, point in sorted(icons.items())]
        print(f"{name}: {len(icons)} icons, {target.stat().st_size:,} bytes")
    (TARGET / "icons.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
