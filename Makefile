# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint bench watchers figures electives mutants hostile starters texts site browser clean

demo: $(VENV)/students  ## grade the reference solutions on the built-in data
	$(RUN) autograder.py --code-directory staff/solutions --no-graphics --jobs 2

test: $(VENV)/staff  ## run every test, side by side (docs/testing.md)
	$(RUN) -m pytest -n auto --maxprocesses 4 --no-loadscope-reorder

lint: $(VENV)/staff  ## style and types
	$(RUN) -m ruff check .
	$(RUN) -m mypy .

bench: $(VENV)/students  ## what batches, validation, loading and drawing digits cost
	$(RUN) -m staff.evidence.bench

watchers: $(VENV)/students  ## what progress reports and live windows cost training
	$(RUN) -m staff.evidence.bench_watchers

figures: $(VENV)/students  ## measure the quick figures of docs/figures.toml again: which ones moved?
	$(RUN) -m staff.evidence.figures

electives: $(VENV)/students  ## grade the reference solutions of the electives: full marks, processor-seconds and memory
	$(RUN) -m staff.evidence.electives --seeds $(or $(SEEDS),10)

mutants: $(VENV)/students  ## grade a wrong submission for each classic mistake: is every one of them named?
	$(RUN) -m staff.evidence.mutants

hostile: $(VENV)/staff  ## attack the grader as it runs under its harness (as root, in a container): does anything give way?
	$(RUN) -m staff.evidence.hostile

starters: $(VENV)/students  ## make the student files from the reference solutions
	$(RUN) -m staff.release.starters

texts: $(VENV)/students  ## write the tables of questions and figures into the texts
	$(RUN) -m staff.texts

site: $(VENV)/site  ## build the hand-out as a web site: open build/site/index.html
	$(RUN) -m staff.site build/site

browser: $(VENV)/site  ## look at every page of the built site in Chromium, with two widths, light and dark
	$(RUN) -m pip install --quiet -e ".[browser]"
	$(RUN) -m staff.site.browser build/site

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/students: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/site: $(VENV)/students pyproject.toml
	$(RUN) -m pip install --quiet -e ".[site]"
	touch $@

$(VENV)/staff: $(VENV)/students pyproject.toml
	$(RUN) -m pip install --quiet -e ".[development,site,staff]"
	touch $@
