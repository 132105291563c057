# Warm Start. `make help` lists the targets; each sets up what it needs in .venv, from a bare clone with Python 3.11+.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
BIN := $(VENV)/bin
SITE := _build/html
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help book serve check bench test run stress study links chapter claim clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1	\2/'

book: $(VENV)/.book ## build the site from the committed outputs (no torch), warnings are errors
	@$(BIN)/jupyter-book build --warningiserror --keep-going --quiet .
	@echo "The book is built: open $(SITE)/index.html, or run 'make serve' and open http://localhost:$(PORT)"

serve: book ## build the site and serve it on localhost
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

check: $(VENV)/.full ## lint, types and workflows alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --quiet --min-severity medium .github

bench: $(VENV)/.full ## print how long imports take, and ratios: initializers, a stack of networks, a probe, scores
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/initializers.py
	$(BIN)/python benchmarks/stack.py
	$(BIN)/python benchmarks/probe.py
	$(BIN)/python benchmarks/scores.py

test: check ## run every gate: lint, unit, property, chapters, exercises, notebooks, site in a browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --nbval --nbval-current-env tests code _ext chapters

run: $(VENV)/.full ## execute the chapters in place and write them in canonical form: make run [CHAPTERS=...]
	$(BIN)/python tools/run_chapters.py $(CHAPTERS)

chapter: $(VENV)/.full ## begin a chapter as a draft: make chapter N=04 NAME=xavier TITLE="..."
	PYTHONPATH=_ext $(BIN)/python tools/new_chapter.py "$(N)" "$(NAME)" "$(TITLE)"

claim: $(VENV)/.full ## run a chapter up to the cell that asserts a claim: make claim L=L17 [SEED=3]
	PYTHONPATH=_ext $(BIN)/python tools/claim.py "$(L)" $(SEED)

stress: $(VENV)/.full ## rerun chapters with other seeds and knobs, and list what fails: make stress [CHAPTERS=...]
	PYTHONPATH=_ext $(BIN)/python tools/stress.py $(CHAPTERS)

links: $(VENV)/.book ## ask the hosts of all links of the book whether they are there
	$(BIN)/jupyter-book build --builder linkcheck --quiet .

study: $(VENV)/.full ## run the long versions of experiments, or what is missing of them: make study [CHAPTERS="few_numbers ..."] [SCHEDULER=tcp://...] [ALL=1]
	PYTHONPATH=_ext $(BIN)/python tools/study.py $(CHAPTERS) $(if $(SCHEDULER),--scheduler $(SCHEDULER)) $(if $(ALL),--all)

clean: ## remove what was built, the environment included
	rm -rf _build $(VENV)

# One environment, filled in two steps, so that the site alone never waits for torch.
$(VENV)/.book: requirements-book.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Name another: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-book.txt
	@touch $@

$(VENV)/.full: $(VENV)/.book requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
