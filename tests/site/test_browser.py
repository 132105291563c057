"""The built site in Chromium: what each page loads and weighs, how it fits, and what the reader can operate."""

import gzip
import re
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
FIRST = "chapters/01_starting_point"

SCROLLING_CODE_IS_FOCUSABLE = """() => [...document.querySelectorAll("pre")].every(
    (code) => code.scrollWidth <= code.clientWidth || code.tabIndex == 0)"""

FORMULAS_OUT_OF_REACH = """() => [...document.querySelectorAll("div.math")].filter((math) => {
    const [box, scroller, start] = [math, ...["html", "html .base"].map((part) => math.querySelector(`.katex-${part}`))]
        .map((element) => element.getBoundingClientRect())
    return start.left < box.left - 1 || scroller.right > box.right + 1
}).map((math) => math.innerText)"""

# axe takes seconds for each thousand elements, and a chapter has twenty thousand: it sees each kind of code token once,
# and formulas in the running text, which have its colour and cannot scroll, as text.
THIN_OUT = """() => {
    const seen = new Set()
    for (const token of document.querySelectorAll(".highlight span[class]")) {
        const kind = token.closest(".admonition")?.className + token.className
        if (seen.has(kind)) token.replaceWith(...token.childNodes)
        seen.add(kind)
    }
    for (const formula of document.querySelectorAll(".katex:not(.katex-display *)")) formula.replaceWith("x")
}"""


class Visit:
    """A page in a tab, with all that it asked for and complained about."""

    def __init__(self, context, url):
        self.requests, self.complaints = [], []
        self.tab = context.new_page()
        self.tab.on("request", lambda request: self.requests.append(urlsplit(request.url)))
        self.tab.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.tab.on("response", lambda response: response.ok or self.complaints.append(f"missing: {response.url}"))
        self.tab.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.tab.on("console", self.listen)
        self.tab.goto(url, wait_until="networkidle")

    def listen(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def show(self, viewport, scheme):
        """Wait for the theme's scripts, which make wide code focusable a moment after each change of size."""
        self.tab.set_viewport_size(viewport)
        self.tab.emulate_media(color_scheme=scheme)
        expect(self.tab.locator("html")).to_have_attribute("data-theme", scheme)
        self.tab.wait_for_function(SCROLLING_CODE_IS_FOCUSABLE)


@pytest.fixture(scope="module")
def visit(context, address, page):
    """One tab for all tests of a page."""
    visit = Visit(context, f"{address}/{page}.html")
    yield visit
    visit.tab.close()


def test_page_asks_no_other_host(visit, address):
    assert {request.netloc for request in visit.requests if request.scheme != "data"} == {urlsplit(address).netloc}


def test_page_is_light(visit, site):
    """Everything that is loaded, compressed as servers do, without the figures."""
    paths = {unquote(request.path) for request in visit.requests if request.scheme != "data"}
    files = [site.folder / path.lstrip("/") for path in paths if not path.startswith("/_images/")]
    assert len(files) > 10
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 450_000


def test_maths_is_set(visit):
    formulas = visit.tab.locator(".math")
    expect(visit.tab.locator(".math:not(:has(.katex))")).to_have_count(0)
    expect(visit.tab.locator(".katex-error")).to_have_count(0)
    assert "\\(" not in "".join(formulas.all_inner_texts())


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_page_fits(visit, viewport):
    visit.show(viewport, "light")
    assert visit.tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_wide_formulas_begin_in_view_and_scroll(visit):
    """A formula that overflows to the left could not be scrolled to."""
    visit.show(PHONE, "light")
    assert visit.tab.evaluate(FORMULAS_OUT_OF_REACH) == []


def test_images_appear(visit):
    for image in visit.tab.locator("main img:visible").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0


def test_page_does_not_complain(visit):
    """By now it has been scrolled and resized."""
    assert visit.complaints == []


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")], ids=["light", "dark", "phone"]
)
def test_page_is_accessible(visit, viewport, scheme):
    """The last test of a page, because it changes the page."""
    visit.show(viewport, scheme)
    visit.tab.evaluate(THIN_OUT)
    result = Axe().run(visit.tab, options={"resultTypes": ["violations"], "preload": False}).response
    assert [(found["id"], [node["target"] for node in found["nodes"]]) for found in result["violations"]] == []


def test_images_wait_until_they_are_scrolled_to(context, address):
    visit = Visit(context, f"{address}/{FIRST}.html")
    images = visit.tab.locator("article img")
    asked = {request.path for request in visit.requests if request.path.startswith("/_images/")}
    assert len(asked) < images.count()
    visit.tab.close()


@pytest.mark.parametrize("term", ["fan_in", "symmetry", "convex"])
def test_search_finds(tab, address, term):
    tab.goto(f"{address}/index.html")
    tab.keyboard.press("Control+k")
    tab.keyboard.type(term)
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(f"{address}/search.html?q={term}")
    expect(tab.locator("#search-results li a").first).to_be_visible()
    tab.locator("#search-results li a").first.click()
    expect(tab.locator("article")).to_contain_text(term, ignore_case=True)


def test_quotes_of_the_search_show_no_latex(tab, address):
    tab.goto(f"{address}/search.html?q=variance")
    expect(tab.locator("#search-results")).to_contain_text("variance is 2/d")


def test_search_says_that_it_finds_nothing(tab, address):
    tab.goto(f"{address}/search.html?q=zyxwvutsr")
    expect(tab.locator("#search-results")).to_contain_text("did not match any documents")


def test_theme_switch_is_kept(browser, address):
    with browser.new_context(viewport=DESKTOP, color_scheme="light") as context:
        tab = context.new_page()
        tab.goto(f"{address}/index.html")
        root = tab.locator("html")
        while root.get_attribute("data-mode") != "dark":
            mode = root.get_attribute("data-mode")
            tab.locator(".theme-switch-button:visible").click()
            expect(root).not_to_have_attribute("data-mode", mode)
        expect(tab.locator("body")).to_have_css("background-color", "rgb(21, 25, 29)")
        tab.goto(f"{address}/{FIRST}.html")
        expect(root).to_have_attribute("data-theme", "dark")


def test_solutions_open_by_mouse_and_by_keyboard(tab, address):
    tab.goto(f"{address}/{FIRST}.html")
    solutions = tab.locator("details.solution")
    assert solutions.count() >= 4
    solution, title = solutions.first, solutions.first.locator("summary")
    expect(solution).not_to_have_attribute("open", "")
    title.click()
    expect(solution.locator(".highlight").first).to_be_visible()
    title.press("Enter")
    expect(solution.locator(".highlight").first).to_be_hidden()


def test_book_opens_from_a_folder_without_a_server(context, site):
    visit = Visit(context, (site.folder / f"{FIRST}.html").as_uri())
    assert {request.scheme for request in visit.requests} <= {"file", "data"}
    assert visit.complaints == []
    expect(visit.tab.locator(".katex").first).to_be_visible()
    visit.tab.goto((site.folder / "search.html").as_uri() + "?q=fan_in")
    expect(visit.tab.locator("#search-results li a").first).to_be_visible()
    visit.tab.close()


def test_the_checklist_prints_on_one_page(tab, address):
    tab.goto(f"{address}/chapters/checklist.html")
    tab.emulate_media(media="print")
    pages = re.findall(rb"/Type\s*/Page\b", tab.pdf(format="A4", margin=dict.fromkeys(("top", "bottom"), "15mm")))
    assert len(pages) == 1


BLACK = [("08_why_and_what", "why-and-what-targets"), ("09_how_to_transfer", "how-to-transfer-emoji")]


@pytest.mark.parametrize(("page", "figure"), BLACK)
def test_black_in_a_picture_is_black_in_dark_mode_too(tab, address, page, figure):
    tab.add_init_script("localStorage.setItem('mode', 'dark'); localStorage.setItem('theme', 'dark')")
    tab.goto(f"{address}/chapters/{page}.html")
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    expect(tab.locator(f"#fig-{figure} img")).to_have_css("filter", "none")
    drawn = tab.locator("figure img:not(.picture)").first
    expect(drawn).to_have_css("filter", re.compile("invert"))
