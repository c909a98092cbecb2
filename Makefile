# Two commands do all the set-up on a machine with Python 3.11 and make:
#   make demo   merge the bundled samples and say where the pictures are
#   make test   linters and tests
#   make app    a page to drop photographs on, at http://127.0.0.1:7860
#   make fuzz   ten thousand bad inputs
#   make soak   training, the other scripts and the page killed some hundred times
#   make weights  the recipe of the weights, from maps and photographs in data/; hours
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'

.PHONY: demo app test fuzz soak weights lint clean

# The weights that come with the code, on the three bundled scenes.
demo: .venv/installed
	$(BIN)/python reconstruction_fusion.py --scenes samples --results demo/results
	@echo "Pictures: demo/results/*_sheet.png (side by side), *.png (tone-mapped), *.hdr, report.html"

app: .venv-app/installed
	.venv-app/bin/python app.py

# Goes on where it was stopped; data/ must hold radiance, radiance_4k and photographs.
weights: .venv/installed
	$(BIN)/python -m lab.make_weights

# Files side by side, each whole in one process, for files share what is costly to make.
test: .venv/installed-dev lint
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

# CASES of bad input; those of another SEED are others. What fails is kept in the folder fuzz.
# docs/reliability.md has the last results of this and the next.
CASES ?= 10000
SEED ?= 0
fuzz: .venv/installed-dev
	$(BIN)/python -m tests.fuzz --cases $(CASES) --seed $(SEED)

# KILLS at random moments instead of a few; those of the page want Gradio (make .venv-app/installed).
KILLS ?= 330
soak: .venv/installed-dev
	ESBN_KILLS=$(KILLS) $(BIN)/python -m pytest -q tests/training/test_survival.py tests/soak

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/installed-dev: requirements/dev.txt requirements/formats.txt .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	touch $@

# Gradio wants another Pillow, so it gets an environment of its own, which sees the other's packages
# behind its own.
.venv-app/installed: requirements/app.txt .venv/installed
	$(BIN)/python -m venv .venv-app
	$(BIN)/python $(PACKAGES) > "$$(.venv-app/bin/python $(PACKAGES))/project.pth"
	.venv-app/bin/pip install --quiet --disable-pip-version-check -r requirements/app.txt
	touch $@

clean:
	rm -rf .venv .venv-app demo
