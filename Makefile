# On a machine with Python 3.11 and make:
#   make demo     merge the bundled scenes into demo/results
#   make test     linters and tests
#   make app      a page to drop photographs on, at http://127.0.0.1:7860
#   make fuzz     ten thousand bad inputs
#   make soak     training, the other scripts and the page, killed 330 times
#   make weights  train the shipped weights from maps and photographs in data/; takes days
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'

.PHONY: demo app test fuzz soak weights lint clean

demo: .venv/installed
	$(BIN)/python reconstruction_fusion.py --scenes samples --results demo/results
	@echo "Pictures: demo/results/*/ (picture.png, radiance.hdr, sheet.png), demo/results/report.html"

app: .venv-app/installed
	.venv-app/bin/python app.py

# Run it again after an interruption to resume. data/ holds radiance, radiance_4k and photographs.
weights: .venv/installed
	$(BIN)/python -m lab.make_weights

# Two workers; each runs whole files, whose tests share what is slow to make.
test: .venv/installed-dev lint
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# Number of CASES; another SEED makes others. --replay KIND:NUMBER keeps a faulty one in fuzz/.
CASES ?= 10000
SEED ?= 0
fuzz: .venv/installed-dev
	$(BIN)/python -m tests.fuzz --cases $(CASES) --seed $(SEED)

# Number of KILLS. The page is killed too if Gradio is installed (make .venv-app/installed).
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

# Gradio needs another Pillow: its environment has its own and sees the packages of .venv behind it.
.venv-app/installed: requirements/app.txt .venv/installed
	$(BIN)/python -m venv .venv-app
	$(BIN)/python $(PACKAGES) > "$$(.venv-app/bin/python $(PACKAGES))/project.pth"
	.venv-app/bin/pip install --quiet --disable-pip-version-check -r requirements/app.txt
	touch $@

clean:
	rm -rf .venv .venv-app demo
