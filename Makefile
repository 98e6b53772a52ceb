# Every target makes .venv first and installs what it needs there, once for each change of pyproject.toml.

PYTHON ?= python3
VENV := .venv
PIP_INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
NOTEBOOKS := $(wildcard notebooks/*.ipynb notebooks/solutions/*.ipynb)

.DEFAULT_GOAL := help
.PHONY: help demo app lab test test-browser refresh publish site site-serve

help:
	@echo "make demo     colorize photos, then train for a moment: pictures in outputs/demo (PHOTOS=folder: yours too)"
	@echo "make app      a page with sliders for your photos, at 127.0.0.1:7860"
	@echo "make lab      open the notebooks in JupyterLab"
	@echo "make test     lint, the tests, and every notebook run from top to bottom"
	@echo "make test-browser    the pages, in a Chromium that is installed"
	@echo "make refresh  run all notebooks at scale class and store their outputs (an hour or more)"
	@echo "make site     build the course's web page: outputs/site/index.html (make site-serve: at 127.0.0.1:8000)"
	@echo "make publish REPO=owner/name    write the course's address on GitHub into badges, links and setup cells"
	@echo "make help     this list"
	@echo "PYTHON=...    the Python that .venv is made with (3.10 or newer)"

demo: $(VENV)/.installed
	$(VENV)/bin/python -m colorlib demo --output outputs/demo $(if $(PHOTOS),--photos $(PHOTOS))

app: $(VENV)/.installed-app
	$(VENV)/bin/python -m colorlib app

lab: $(VENV)/.installed-notebooks
	$(VENV)/bin/jupyter lab --notebook-dir notebooks --LabApp.app_settings_dir=tools/lab \
	  --LabApp.default_url=/lab/tree/README.md $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB)

# Two processes of one thread each: torch's threads would mostly wait for each other on models so small. The notebooks
# one after the other: of two kernels that start at once one may find its port taken, and die.
test: export COLORLIB_SCALE = smoke
test: export OMP_NUM_THREADS = 1
test: $(VENV)/.installed-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/python -m pytest -n 2 tests
	$(VENV)/bin/python tools/build_site.py
ifneq ($(NOTEBOOKS),)
	$(VENV)/bin/python -m pytest --nbval-lax --nbval-current-env $(NOTEBOOKS)
endif

test-browser: export COLORLIB_SCALE = smoke
test-browser: $(VENV)/.installed-browser
	$(VENV)/bin/python -m pytest tests/browser

refresh: $(VENV)/.installed-test
	$(VENV)/bin/python tools/refresh.py

publish: $(VENV)/.installed-test
	$(VENV)/bin/python tools/publish.py $(or $(REPO),$(error REPO=owner/name is missing, as in https://github.com/owner/name))

site: $(VENV)/.installed-test
	$(VENV)/bin/python tools/build_site.py

site-serve: site
	$(VENV)/bin/python -m http.server 8000 --bind 127.0.0.1 --directory outputs/site

# The stamp of a larger set of packages serves for the smaller ones too.
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/pip
	$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.installed-notebooks: pyproject.toml | $(VENV)/bin/pip
	$(PIP_INSTALL) -e '.[notebooks]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-app: pyproject.toml | $(VENV)/bin/pip
	$(PIP_INSTALL) -e '.[app]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/pip
	$(PIP_INSTALL) -e '.[notebooks,test,site]'
	@touch $(VENV)/.installed $(VENV)/.installed-notebooks $@

$(VENV)/.installed-browser: pyproject.toml | $(VENV)/bin/pip
	$(PIP_INSTALL) -e '.[notebooks,test,site,browser]'
	@touch $(VENV)/.installed $(VENV)/.installed-notebooks $(VENV)/.installed-test $@

$(VENV)/bin/pip:
	$(PYTHON) -c "import sys; sys.version_info >= (3, 10) or sys.exit('Python 3.10 or newer is needed')"
	$(PYTHON) -m venv $(VENV)
