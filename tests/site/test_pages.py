"""The built pages as files: links, head, figures, texts, launch buttons. What needs a browser is in test_browser.py."""

import copy
import itertools
import json
import re
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from test_project import PUBLIC

from bookext.lab import runnable
from bookext.package import names_in
from chapters import read

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
SLUG = REPOSITORY.removeprefix("https://github.com/")
LEFTOVERS = (
    ":::",
    "```",
    "$$",
    "](",
    "**",
    "{ref}",
    "{numref}",
    "{eq}",
    "{cite",
    "{term}",
    "{doc}",
    "{prf:",
    "{func}",
    "{cell}",
)
LOADED = [("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("link", "href")]


def content(site, page):
    return site.tree(page).select_one("article.bd-article, .bd-search-container")


def images(site, page):
    return content(site, page).select("img")


def file_of(site, page, link):
    """The file of the site that a link on a page leads to, and the part after the #."""
    address = urlsplit(urljoin(f"{page}.html", link))
    return site.folder / unquote(address.path), unquote(address.fragment)


def is_internal(link):
    return not urlsplit(link).scheme and not link.startswith("//")


def test_there_is_a_page_for_each_entry_of_the_contents(site):
    built = [site.name(path) for path in site.folder.rglob("*.html")]
    assert sorted(name for name in built if not name.startswith("_static/")) == sorted(site.pages)


def test_links_lead_somewhere(site, page):
    for link in (a["href"] for a in site.tree(page).select("a[href]")):
        if is_internal(link):
            path, anchor = file_of(site, page, link)
            assert path.is_file(), link
            if anchor and path.suffix == ".html":
                assert site.tree(site.name(path)).find(id=anchor), link


def test_everything_a_page_loads_is_a_file_of_the_site(site, page):
    for name, attribute in LOADED:
        for element in site.tree(page).select(f"{name}[{attribute}]"):
            if "canonical" not in element.get("rel", []):
                assert is_internal(element[attribute]), element
                assert file_of(site, page, element[attribute])[0].is_file(), element


def test_style_sheets_load_nothing_from_another_host(site):
    sheets = list(site.folder.rglob("*.css"))
    assert sheets
    for path in sheets:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"""url\(\s*["']?(https?:)?//|@import\s+["'](https?:)?//""", text), path.name


def test_head(site, page):
    tree = site.tree(page)
    entries = {meta.get("property", meta.get("name")): meta["content"] for meta in tree.select("meta[content]")}
    assert tree.html["lang"] == "en"
    assert tree.title.text.strip()
    assert 25 <= len(entries["description"]) <= 160
    assert tree.select_one("link[rel=icon]")
    if page == "search":
        return  # nobody links to it, so it has no card
    assert entries["og:title"]
    assert entries["og:description"] == entries["description"]
    assert entries["og:image:alt"]
    assert entries["og:url"] == tree.select_one("link[rel=canonical]")["href"]
    assert entries["og:url"].endswith(f"/{page}.html")
    base = entries["og:url"].removesuffix(f"{page}.html")
    assert (site.folder / entries["og:image"].removeprefix(base)).is_file()


def test_a_cell_that_needs_torch_leads_to_itself_on_colab(site, chapter):
    path = ROOT / f"{chapter}.ipynb"
    code = [
        cell for cell in read(path).cells if cell.cell_type == "code" and not cell.id.startswith(("ex-", "imports"))
    ]
    needs = [cell.id for cell in code if cell.id != "bootstrap" and cell.id not in runnable(path)]
    links = [link["href"] for link in site.tree(chapter).select(".cell-torch a")]
    assert [link.partition("#scrollTo=")[2] for link in links] == needs
    assert all("colab" in link and f"{path.name}#" in link for link in links)


def test_each_page_states_which_scripts_it_runs(site, page):
    (meta,) = site.tree(page).select('meta[http-equiv="Content-Security-Policy"]')
    rules = dict(rule.strip().split(" ", 1) for rule in meta["content"].split(";"))
    assert rules["default-src"] == "'self' file:"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    assert not re.search(r"https?:", meta["content"])


def test_the_site_map_lists_the_pages(site):
    listed = BeautifulSoup((site.folder / "sitemap.xml").read_text(encoding="utf-8"), "html.parser").select("url > loc")
    addresses = [site.tree(page).select_one("link[rel=canonical]")["href"] for page in site.reading_order]
    assert sorted(loc.text for loc in listed) == sorted(addresses)


def test_descriptions_and_titles_are_each_pages_own(site):
    heads = [site.tree(page).head for page in site.reading_order]
    assert len({head.title.text for head in heads}) == len(heads)
    assert len({head.select_one("meta[name=description]")["content"] for head in heads}) == len(heads)


def test_chapter_is_described_by_its_notebook_or_first_paragraph(site, chapter):
    metadata = json.loads((ROOT / f"{chapter}.ipynb").read_text(encoding="utf-8"))["metadata"]
    own = metadata.get("description") or content(site, chapter).select_one("h1 + p").text
    shown = site.tree(chapter).select_one("meta[name=description]")["content"]
    assert " ".join(own.split()).startswith(shown.removesuffix("…"))


def test_one_heading_of_the_first_order(site, page):
    """The theme adds a second one that only print shows."""
    assert len(site.tree(page).select("h1:not(#jb-print-docs-body h1)")) == 1


def test_no_markup_is_left_in_the_text(site, page):
    text = copy.copy(content(site, page))
    for element in text.select("pre, code, .math, .sig, script"):
        element.decompose()
    for leftover in LEFTOVERS:
        assert leftover not in text.text


def test_images_have_alt_text_room_and_load_late(site, page):
    for image in images(site, page):
        assert len(image["alt"]) > 40, image["src"]
        assert image["loading"] == "lazy", image["src"]
        assert int(image["width"]) > 0, image["src"]
        assert int(image["height"]) > 0, image["src"]


def test_each_image_of_a_chapter_is_a_figure_with_number_and_caption(site, chapter):
    assert images(site, chapter)
    for image in images(site, chapter):
        caption = image.find_parent("figure").select_one("figcaption")
        assert caption.select_one(".caption-number"), image["src"]
        assert len(caption.select_one(".caption-text").text) > 20, image["src"]


def test_images_are_light(site, page):
    sizes = [file_of(site, page, image["src"])[0].stat().st_size for image in images(site, page)]
    assert sum(sizes) <= 60_000 * len(sizes)


def test_previous_and_next_go_through_the_whole_book(site):
    for here, following in itertools.pairwise(site.reading_order):
        forth = site.tree(here).select_one("a.right-next")["href"]
        back = site.tree(following).select_one("a.left-prev")["href"]
        assert urljoin(here, forth) == f"{following}.html"
        assert urljoin(following, back) == f"{here}.html"


@pytest.mark.parametrize(
    ("title", "address"),
    [
        ("Launch on Binder", f"https://mybinder.org/v2/gh/{SLUG}/main?urlpath=lab/tree/{{}}"),
        ("Launch on Colab", f"https://colab.research.google.com/github/{SLUG}/blob/main/{{}}"),
        ("Suggest edit", f"{REPOSITORY}/edit/main/{{}}"),
    ],
)
def test_buttons_carry_the_notebook(site, chapter, title, address):
    notebook = f"{chapter}.ipynb"
    assert (ROOT / notebook).is_file()
    assert site.tree(chapter).select_one(f'a[title="{title}"]')["href"] == address.format(notebook)


def test_buttons_lead_to_the_configured_repository(site):
    for page in site.reading_order:
        assert site.tree(page).select_one('a[title="Source repository"]')["href"] == REPOSITORY
        assert site.tree(page).select_one('a[title="Open an issue"]')["href"].startswith(f"{REPOSITORY}/issues/new?")


def test_front_page_starts_every_chapter_on_binder_and_colab(site):
    links = [a["href"] for a in content(site, "index").select("a[href]")]
    for notebook in sorted((ROOT / "chapters").glob("*.ipynb")):
        for host in ("mybinder.org", "colab.research.google.com"):
            found = [link for link in links if host in link and link.endswith(f"chapters/{notebook.name}")]
            assert len(found) == 1, (host, notebook.name)
            assert SLUG in found[0]


def test_names_of_the_package_and_the_chapters_that_use_them_link_to_each_other(site, chapter):
    used = names_in(cell.source for cell in read(ROOT / f"{chapter}.ipynb").cells if cell.cell_type == "code")
    assert used
    index = site.tree("chapters/api").find(class_="package-index")
    for name in used & {f"warmstart.{public}" for public in PUBLIC}:
        row = index.select_one(f'a[href="#{name}"]').find_parent("tr")
        assert row.select_one(f'a[href="{Path(chapter).name}.html"]'), name
        plumbing = name.startswith(("warmstart.plots.", "warmstart.exercises."))
        back = content(site, chapter).select_one(f'.in-the-package a[href="api.html#{name}"]')
        assert bool(back) != plumbing, name


def test_the_ledger_says_what_each_verdict_was_stressed_with(site):
    rows = site.tree("chapters/ledger").select("table.ledger tbody tr, .ledger tbody tr")
    settled = [row for row in dict.fromkeys(rows) if row.select_one(".verdict:not(.verdict-open)")]
    assert settled
    for row in settled:
        assert re.search(
            r"stressed: .*seed 0 to 3|not stressed yet|code changed since", row.select_one(".stressed").text
        )


def test_notebook_can_be_downloaded(site, chapter):
    link = site.tree(chapter).select_one('a[title="Download source file"]')["href"]
    assert file_of(site, chapter, link)[0].read_bytes() == (ROOT / f"{chapter}.ipynb").read_bytes()
