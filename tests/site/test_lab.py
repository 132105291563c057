"""Exercises on the page, in Chromium: every known answer is judged as in a notebook, and whatever fails says so."""

import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from test_exercises import ANSWERS

from bookext import runtime
from bookext.lab import imports_of, runnable
from bookext.predict import predictions_of
from chapters import ROOT, chapter_paths, read
from warmstart.exercises import asks
from warmstart.exercises.core import exercises, registered

HE = "05_he"
RIGHT = "def gain(a, b):\n    return math.sqrt(2 / (a**2 + b**2))"
#: One seed in the gate, more on demand: WARMSTART_SEEDS=8.
SEEDS = range(int(os.environ.get("WARMSTART_SEEDS", "1")))
ASK = """async ([client, questions]) => {
    const data = JSON.parse(document.getElementById("lab-data").textContent)
    const { Python } = await import(new URL(`../_static/${data.scripts.python}`, location.href))
    window.python ??= new Python(data.python, "../_static/", () => {})
    const verdicts = []
    for (const question of questions)
        verdicts.push((await window.python.ask({ type: "judge", tries: 0, ...question }, () => {})).verdict)
    return verdicts
}"""


@pytest.fixture(scope="module", autouse=True)
def python_is_there():
    """The tests need the files of Pyodide, from the cache or the package index."""
    try:
        runtime.fetch()
    except runtime.Unavailable as reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))


@pytest.fixture
def open_page(browser, address):
    """A function that opens a chapter in a profile of its own, with what the page complains of."""
    contexts = []

    def opened(page=HE, *, at=None, script="", viewport=None, before=None):
        context = browser.new_context(viewport=viewport or {"width": 1280, "height": 800})
        context.set_default_timeout(60_000)
        contexts.append(context)
        tab = context.new_page()
        tab.errors = []
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        if script:
            tab.add_init_script(script)
        if before:
            before(tab)
        tab.goto(f"{at or address}/chapters/{page}.html")
        return tab

    yield opened
    for context in contexts:
        context.close()


def form(tab, name):
    return tab.locator(f'form.answer[data-exercise="{name}"]')


def answer(tab, name, text=None):
    """Fill the field, if there is a text, and press Check; return the verdict's element."""
    place = form(tab, name)
    if text is not None:
        place.locator("textarea, input[type=text]").first.fill(text)
    place.get_by_role("button", name="Check").click()
    return place.locator(".answer-verdict")


def settled(tab, name):
    """What is said when the work is done."""
    expect(form(tab, name)).to_have_attribute("data-status", re.compile("right|wrong|unusable|unattempted"))
    return form(tab, name).locator(".answer-verdict").text_content()


def questions():
    """Each known answer of each exercise: the question for the worker, and what is expected."""
    for chapter, module in ANSWERS.items():
        text = Path(module.__file__).read_text(encoding="utf-8")
        given = f"module = {{}}\nexec({text!r}, module)"  # in names of its own
        for kind, rows in ((kind, getattr(module, kind)) for kind in ("RIGHT", "WRONG", "UNKNOWN", "UNUSABLE")):
            for place, (short, _, *expected) in enumerate(rows):
                name = f"{chapter.replace('_', '-')}-{short}"
                source = f"{registered(name).asks.name} = module['{kind}'][{place}][1]"
                yield {"name": name, "source": source, "given": given}, kind, expected


@pytest.mark.parametrize("seed", SEEDS)
def test_every_known_answer_is_judged_as_in_a_notebook(open_page, seed):
    tab, asked = open_page(), list(questions())
    assert len(asked) > 700
    verdicts = tab.evaluate(ASK, [None, [question | {"seed": seed} for question, *_ in asked]])
    wrong = []
    for (question, kind, expected), verdict in zip(asked, verdicts, strict=True):
        status = {"RIGHT": "right", "UNUSABLE": "unusable"}.get(kind, "wrong")
        mistake, hint = expected or ("", "")
        fits = verdict["status"] == status and mistake in verdict["mistake"] and (mistake or not verdict["mistake"])
        if not fits or hint not in (verdict["hints"] or [""])[0]:
            wrong.append((question["name"], question["source"], verdict))
    assert wrong == []
    assert len(tab.workers) == 1


def solution(name, cells):
    """What a reader types to give the committed solution: code of the solution's cell, as text."""
    code = cells[f"ex-{name}-solution"]
    kind = registered(name).asks
    if isinstance(kind, asks.Function):
        found = re.search(rf"^def {kind.name}\(.*?(?=\n\S|\Z)", code, re.DOTALL | re.MULTILINE)
        inline = re.search(r"lambda ([^:]*): (.*)\)$", code, re.MULTILINE)
        return found[0] if found else f"def {kind.signature}:\n    return {inline[2]}"
    return re.search(r"check\(\"[\w-]+\", (.*)\)$", code, re.MULTILINE)[1]


@pytest.mark.parametrize("path", chapter_paths(), ids=lambda path: path.stem)
def test_a_reader_solves_a_chapter_on_its_page(open_page, path):
    """Each committed solution is typed into its field; the marks are there, also after a reload."""
    cells = {cell.id: cell.source for cell in read(path).cells}
    tab = open_page(path.stem)
    names = [name for name in exercises() if f"ex-{name}-try" in cells]
    expect(tab.locator("form.answer")).to_have_count(len(names))
    for name in names:
        kind, place = registered(name).asks, form(tab, name)
        if isinstance(kind, asks.Flags):
            truths = json.loads(re.search(rf"{kind.name} = (\[.*\])", cells[f"ex-{name}-solution"])[1].lower())
            for row, truth in zip(place.get_by_role("radiogroup").all(), truths, strict=True):
                row.get_by_label(str(truth)).check()
            answer(tab, name)
        elif isinstance(kind, asks.Letters):
            for letter in solution(name, cells).strip('"'):
                place.get_by_label(letter, exact=True).check()
            answer(tab, name)
        elif isinstance(kind, asks.Numbers):
            for field, number in zip(place.locator("input").all(), ("0.7", "0.2"), strict=True):
                field.fill(number)
            answer(tab, name)
        else:
            text = solution(name, cells)
            answer(tab, name, "71 - 69" if text == "points" else text)
        assert settled(tab, name).startswith("✓ Right."), (name, settled(tab, name))
    tab.reload()
    expect(tab.locator("form.answer.is-solved")).to_have_count(len(names))
    count = tab.locator("nav.bd-links .solved-count").first
    expect(count).to_contain_text(f"{len(names)}/{len(names)}")
    assert tab.errors == []


def test_an_answer_finds_the_imports_of_its_chapter_that_need_no_torch():
    said = {path.stem: imports_of(path)[0] for path in chapter_paths()}
    assert "from math import factorial" in said["01_starting_point"]
    assert all("import numpy as np" in text for text in said.values())
    assert not any(re.search(r"torch|plots|matplotlib|training|transfer", text) for text in said.values())


def test_hints_grow_and_are_announced(open_page):
    tab = open_page()
    status = tab.locator("#lab-status")
    expect(status).to_have_attribute("role", "status")
    assert status.text_content() == ""
    for tries in (1, 2, 3):
        answer(tab, "he-halves", "0.75")
        assert settled(tab, "he-halves").count("Hint:") == min(tries, 2)
        expect(status).to_have_text(settled(tab, "he-halves"))
    tab.reload()
    answer(tab, "he-halves")
    assert settled(tab, "he-halves").count("Hint:") == 2, "the tries are kept"


@pytest.fixture(scope="module")
def shared(browser, address):
    """One page for answers that do no harm to those after them."""
    with browser.new_context() as context:
        context.set_default_timeout(60_000)
        tab = context.new_page()
        tab.goto(f"{address}/chapters/{HE}.html")
        yield tab


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def gain(a, b):\n    return ", "Not attempted yet"),
        ("def gain(a, b):\n    return ...", "Not attempted yet"),
        ("def gain(a, b) return 1", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero (line 1)"),
        ("def other(a, b):\n    return 1", "Not attempted yet"),
        ("def gain(a):\n    return a", "TypeError"),
        ("import os\nos._exit(3)", "exit(3)"),
        ("def gain(a, b):\n    while True:\n        pass", "does a loop never end?"),
        ("import itertools\ndef gain(a, b):\n    return sum(itertools.count())", "does a loop never end?"),
        ("def gain(a, b):\n    return gain(a, b)", "RecursionError"),
        ("raise SystemExit", "SystemExit"),
        ("import js\njs.document.body.innerHTML = '<b>x</b>'", "AttributeError"),
    ],
)
def test_what_cannot_be_judged_is_answered_and_the_next_answer_is_judged(shared, text, words):
    tab = shared
    answer(tab, "he-two-slopes", text)
    assert words in settled(tab, "he-two-slopes")
    answer(tab, "he-two-slopes", RIGHT)
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")
    assert len(tab.workers) == 1


def test_what_is_printed_is_text(open_page):
    tab = open_page()
    answer(tab, "he-two-slopes", f"print('<img src=x onerror=alert(1)>')\n{RIGHT}")
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")
    expect(form(tab, "he-two-slopes").locator(".answer-printed")).to_have_text("<img src=x onerror=alert(1)>\n")
    answer(tab, "he-two-slopes", "raise ValueError('<b id=bold>')")
    assert "<b id=bold>" in settled(tab, "he-two-slopes")
    expect(tab.locator("#bold, form.answer img")).to_have_count(0)


def test_a_script_that_gets_into_the_page_does_not_run(open_page):
    tab = open_page()
    tab.evaluate("""() => {
        const script = document.createElement("script")
        script.textContent = "window.ran = 1"
        document.body.append(script)
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = 2'>")
    }""")
    tab.wait_for_timeout(500)
    assert tab.evaluate("window.ran") is None


def test_stop_ends_a_start_and_a_loop(open_page):
    tab = open_page()
    answer(tab, "he-two-slopes", RIGHT)
    form(tab, "he-two-slopes").get_by_role("button", name="Stop").click()
    assert settled(tab, "he-two-slopes") == "✗ Stopped."
    answer(tab, "he-two-slopes", "while True: pass")
    expect(form(tab, "he-two-slopes").locator(".answer-verdict")).to_have_text("Checking …")
    form(tab, "he-two-slopes").get_by_role("button", name="Stop").click()
    assert settled(tab, "he-two-slopes") == "✗ Stopped."
    answer(tab, "he-two-slopes", RIGHT)
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")


FILES = ["lab-python-*.js", "lab-worker-*.js", *("pyodide.mjs", "pyodide.asm.mjs", "pyodide-asm-wasm.bin"),
         *("python_stdlib-zip.bin", "numpy.bin", "warmstart-zip.bin")]  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_blocked_is_named_and_a_second_try_works(open_page, file):
    tab = open_page(before=lambda tab: tab.route(f"**/{file}", lambda route: route.abort()))
    answer(tab, "he-two-slopes", RIGHT)
    assert re.search(r"missing|blocked", settled(tab, "he-two-slopes"))
    tab.unroute(f"**/{file}")
    if file.startswith("lab-python"):
        tab.reload()  # browsers remember a module that failed
    answer(tab, "he-two-slopes", RIGHT)
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")


@pytest.mark.parametrize("file", FILES[2:])
def test_a_file_that_was_altered_is_refused(open_page, file):
    def alter(route):
        answered = route.fetch()
        route.fulfill(response=answered, body=answered.body()[:-1] + b"x")

    tab = open_page(before=lambda tab: tab.route(f"**/{file}", alter))
    answer(tab, "he-two-slopes", RIGHT)
    assert "not the one that belongs to this page" in settled(tab, "he-two-slopes")


def test_wrong_types_and_blocked_wheels_end_in_a_verdict_or_in_words(open_page):
    """As on school networks, and on simple servers of Windows."""

    def mistype(route):
        answered = route.fetch()
        kind = "text/plain" if re.search(r"\.m?js$", route.request.url) else "application/octet-stream"
        route.fulfill(response=answered, headers={**answered.headers, "content-type": kind})

    def limited(tab):
        tab.route(re.compile(r".*python-\w+/.*|.*\.whl"), mistype)

    tab = open_page(before=limited)
    answer(tab, "he-two-slopes", RIGHT)
    assert "wrong type" in settled(tab, "he-two-slopes")
    tab = open_page(before=lambda tab: tab.route("**/*.whl", lambda route: route.abort()))
    answer(tab, "he-two-slopes", RIGHT)
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")


def test_without_webassembly_the_page_says_so_and_numbers_are_checked(open_page):
    tab = open_page(script="delete window.WebAssembly")
    answer(tab, "he-two-slopes", RIGHT)
    assert "may not run WebAssembly" in settled(tab, "he-two-slopes")
    answer(tab, "he-halves", "0.75^20")
    assert settled(tab, "he-halves").startswith("✓ Right.")
    assert len(tab.workers) == 0


THROWING = """for (const name of ["getItem", "setItem", "removeItem"])
    Storage.prototype[name] = () => { throw new DOMException("denied", "SecurityError") }"""


def test_a_browser_that_keeps_nothing_checks_all_the_same(open_page):
    tab = open_page(script=THROWING)
    expect(form(tab, "he-halves")).to_contain_text("will not keep your answers")
    answer(tab, "he-halves", "0.75**20")
    assert settled(tab, "he-halves").startswith("✓ Right.")
    answer(tab, "he-two-slopes", RIGHT)
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")


def test_a_page_from_a_folder_checks_what_needs_no_python(open_page, site):
    tab = open_page(at=site.folder.as_uri())
    answer(tab, "he-halves", "0.75**20")
    assert settled(tab, "he-halves").startswith("✓ Right.")
    answer(tab, "he-two-slopes", RIGHT)
    assert "make serve" in settled(tab, "he-two-slopes")


def test_a_book_that_was_built_without_a_network_says_what_is_missing(open_page):
    def without(route):
        answered = route.fetch()
        text = re.sub(r'"python":\{"folder".*?\},"scripts"', '"python":null,"scripts"', answered.text())
        route.fulfill(response=answered, body=text)

    tab = open_page(before=lambda tab: tab.route("**/*.html", without))
    answer(tab, "he-two-slopes", RIGHT)
    assert "built without Python for the page" in settled(tab, "he-two-slopes")
    assert "make book" in settled(tab, "he-two-slopes")
    answer(tab, "he-halves", "0.75**20")
    assert settled(tab, "he-halves").startswith("✓ Right.")
    press(tab, "from-scratch", "Run")
    expect(tab.locator("#cell-from-scratch .cell-said").last).to_contain_text("built without Python")
    assert tab.errors == []


def test_a_start_that_killed_the_page_is_not_repeated(open_page):
    tab = open_page(script="sessionStorage.setItem('warmstart:starting', '1')")
    expect(form(tab, "he-two-slopes").locator(".answer-verdict")).to_contain_text("did not finish")
    assert len(tab.workers) == 0


def test_many_checks_have_one_worker_and_two_tabs_one_each(open_page):
    tab = open_page()
    for name in ("he-two-slopes", "he-dead", "he-transposed") * 2:
        answer(tab, name, form(tab, name).locator("textarea").input_value() + "0")
        settled(tab, name)
    assert len(tab.workers) == 1
    other = tab.context.new_page()
    other.goto(tab.url)
    answer(other, "he-two-slopes", RIGHT)
    expect(form(other, "he-two-slopes")).to_have_attribute("data-status", "right")
    assert other.evaluate("navigator.serviceWorker.getRegistrations().then((found) => found.length)") == 0


def test_the_keyboard_goes_through_every_field_and_out_of_it(open_page):
    tab = open_page()
    area = form(tab, "he-two-slopes").locator("textarea")
    area.focus()
    area.press("End")
    tab.keyboard.press("Control+End")
    tab.keyboard.type("a")
    tab.keyboard.press("Enter")
    tab.keyboard.type("x = 1")
    assert area.input_value() == "def gain(a, b):\n    return a\nx = 1"
    tab.keyboard.press("Tab")
    expect(form(tab, "he-two-slopes").get_by_role("button", name="Check")).to_be_focused()
    area.fill(RIGHT)
    tab.keyboard.press("Control+Enter")
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")


def test_quotes_of_a_telephone_are_put_right(open_page):
    tab = open_page()
    answer(tab, "he-two-slopes", f"print(\u201chello\u201d)\n{RIGHT}".replace("-", "\u2212"))
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")


def test_answers_are_exported_imported_and_cleared(open_page, address, tmp_path):
    tab = open_page()
    answer(tab, "he-halves", "0.75**20")
    tab.goto(f"{address}/index.html")
    row = tab.locator("#lab-progress")
    expect(row).to_contain_text(f"1 of {len(exercises())} exercises solved")
    with tab.expect_download() as download:
        row.get_by_role("button", name="Export").click()
    file = tmp_path / "answers.json"
    download.value.save_as(file)
    tab.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Clear").click()
    expect(row).to_contain_text("0 of")
    row.locator("input[type=file]").set_input_files(file)
    expect(row).to_contain_text("1 of")
    file.write_text("[]")
    row.locator("input[type=file]").set_input_files(file)
    expect(row).to_contain_text("no answers of this book")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_after_answers(open_page, scheme, width):
    script = f"localStorage.setItem('mode', '{scheme}'); localStorage.setItem('theme', '{scheme}')"
    tab = open_page(script=script, viewport={"width": width, "height": 844})
    answer(tab, "he-halves", "0.75**20")
    answer(tab, "he-two-slopes", f"print('x' * 500)\n{RIGHT} * 3")
    assert "Not yet" in settled(tab, "he-two-slopes")
    found = Axe().run(tab, context="form.answer")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    small = tab.evaluate("""() => [...document.querySelectorAll("form.answer :is(button, input, textarea, label)")]
        .filter((element) => !element.matches("label input") && element.offsetParent)
        .filter((element) => element.getBoundingClientRect().height < 44).map((element) => element.outerHTML)""")
    assert small == []


def press(tab, cell, label):
    tab.locator(f"#cell-{cell} .cell-tools").get_by_role("button", name=label).click()


def shown(tab, cell):
    """What a cell shows after it ran in the page."""
    place = tab.locator(f"#cell-{cell} .cell-run")
    expect(place).to_be_visible(timeout=120_000)
    return place


def test_a_figure_is_drawn_anew_with_other_numbers_and_reset(open_page):
    tab = open_page()
    committed = tab.locator("#cell-fig-depth .cell_output img")
    expect(committed).to_be_visible()
    press(tab, "fig-depth", "Run")
    expect(shown(tab, "fig-depth").locator("img")).to_have_count(1)
    assert tab.locator("#cell-fig-depth .cell-run img").evaluate("image => image.naturalWidth") > 400
    first = tab.locator("#cell-fig-depth .cell-run img").get_attribute("src")
    expect(committed).to_be_hidden()
    press(tab, "fig-depth", "Other numbers")
    knob = tab.locator("#cell-fig-depth .cell-knobs").get_by_label("SEED")
    knob.fill("a")
    press(tab, "fig-depth", "Run")
    expect(tab.locator("#cell-fig-depth .cell-said")).to_have_text("SEED received a; allowed: a number")
    knob.fill("3")
    press(tab, "fig-depth", "Run")
    expect(tab.locator("#cell-fig-depth .cell-run img")).not_to_have_attribute("src", first)
    press(tab, "fig-depth", "Reset")
    expect(committed).to_be_visible()
    expect(tab.locator("#cell-fig-depth .cell-run")).to_be_hidden()
    assert tab.errors == []


def test_a_claim_is_checked_in_the_page_and_an_edited_cell_fails_in_words(open_page):
    tab = open_page()
    press(tab, "assert-L17", "Check it here")
    expect(shown(tab, "assert-L17")).to_contain_text("Every assertion of this cell holds.")
    press(tab, "assert-L17", "Edit")
    area = tab.locator("#cell-assert-L17 textarea")
    area.fill("print('<img src=x onerror=alert(1)>')\nassert 1 == 2, '<b id=bold>no</b>'")
    press(tab, "assert-L17", "Check it here")
    expect(shown(tab, "assert-L17")).to_contain_text("line 2: assert 1 == 2")
    expect(shown(tab, "assert-L17")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(tab.locator("#bold, .cell-run img")).to_have_count(0)
    area.fill("while True:\n    pass")
    press(tab, "assert-L17", "Check it here")
    expect(tab.locator("#cell-assert-L17 .cell-said")).to_contain_text("Running")
    press(tab, "assert-L17", "Stop")
    expect(tab.locator("#cell-assert-L17 .cell-said")).to_have_text("Stopped.")
    press(tab, "assert-L17", "Reset")
    press(tab, "assert-L17", "Check it here")
    expect(shown(tab, "assert-L17")).to_contain_text("Every assertion of this cell holds.")
    assert [
        (one["id"], one["nodes"]) for one in Axe().run(tab, context="#cell-assert-L17").response["violations"]
    ] == []


def test_cells_run_anew_in_a_new_worker(open_page):
    """After Stop an exercise starts another worker, which has none of the names that ran before."""
    tab = open_page()
    press(tab, "assert-L17", "Check it here")
    shown(tab, "assert-L17")
    press(tab, "assert-L17", "Reset")
    answer(tab, "he-two-slopes", "while True: pass")
    expect(form(tab, "he-two-slopes").locator(".answer-verdict")).to_have_text("Checking …")
    form(tab, "he-two-slopes").get_by_role("button", name="Stop").click()
    answer(tab, "he-two-slopes", RIGHT)
    expect(form(tab, "he-two-slopes")).to_have_attribute("data-status", "right")
    press(tab, "assert-L17", "Check it here")
    expect(shown(tab, "assert-L17")).to_contain_text("Every assertion of this cell holds.")


def test_a_prediction_is_answered_kept_and_repeated_beside_its_result(open_page):
    tab = open_page()
    box, beside = tab.locator("#predict-he-share"), tab.locator("#cell-fig-depth ~ .predict-said").first
    expect(beside).to_have_text("")
    box.get_by_label("a thirtieth").check()
    expect(box.locator(".predict-said")).to_have_text("✗ Thirty layers multiply; they do not add up.")
    expect(tab.locator("#lab-status")).to_have_text("✗ Thirty layers multiply; they do not add up.")
    tab.reload()
    expect(beside).to_have_text("✗ You predicted: a thirtieth.")
    box.get_by_label("a billionth").check()
    expect(box.locator(".predict-said")).to_contain_text("✓ Each layer keeps a half")
    expect(beside).to_have_text("✓ You predicted: a billionth.")
    for path in chapter_paths():
        tab.goto(tab.url.rpartition("/")[0] + f"/{path.stem}.html")
        expect(tab.locator(".predict [role=radiogroup]")).to_have_count(len(predictions_of(path)))
    assert tab.errors == []


def test_every_cell_that_runs_without_torch_has_its_buttons_and_no_other(open_page):
    for path in chapter_paths():
        tab = open_page(path.stem)
        ids = tab.locator(".cell-tools").evaluate_all("all => all.map((one) => one.parentElement.id)")
        assert sorted(ids) == sorted(f"cell-{name}" for name in runnable(path)), path.stem
        tab.close()


def test_what_is_sent_before_the_first_check_is_small(site):
    (script,) = site.folder.glob("_static/lab-????????.js")
    assert len(gzip.compress(script.read_bytes())) <= 6000


def test_the_modules_of_the_page_pass_their_own_tests():
    node = shutil.which("node")
    if node is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("node is not installed")
    done = subprocess.run([node, "--test", "lab/test"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
