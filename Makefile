# make repro        install, then `dvc repro`: the whole way from the deliveries to an evaluated model
# make test         install, then lint, types and tests
# make docs         install, then the documentation as a site that opens offline: site/index.html
# make serve        install, then a Prefect server with the deployments; Ctrl-C ends all of it
# PORT= HOST= DATABASE=   of make serve: DATABASE=postgresql+asyncpg://... instead of SQLite
# EXTRA=gpu         takes the lock with CUDA instead of the CPU's
SHELL := /bin/bash
EXTRA ?= cpu
VENV := .venv
# A process a core; a file's tests stay together, since they share what their fixtures made.
WORKERS := -n logical --dist loadfile --no-loadscope-reorder
LOCK := requirements/$(EXTRA).lock
STAMP := $(VENV)/.installed-$(EXTRA)
FITS := 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'
PYTHON ?= $(or $(shell for p in python3 python3.12 python3.11; do $$p -c $(FITS) 2>/dev/null && echo $$p && break; done),python3)

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export KERAS_BACKEND := tensorflow

.PHONY: help install repro test test-long lint types docs serve lock clean
help:
	@sed -n 's/^# //p' Makefile

install: $(STAMP)

# The stamp is written last, so its existence means that the whole lock is installed and compiled.
$(STAMP): $(LOCK)
	@$(PYTHON) -c $(FITS) 2>/dev/null || \
		{ echo "hemaflow needs Python 3.11 or 3.12, got $$($(PYTHON) --version 2>&1 || echo none) from $(PYTHON)" >&2; exit 1; }
	@test -f "$(LOCK)" || { echo "EXTRA must be cpu or gpu, got $(EXTRA)" >&2; exit 1; }
	@echo "install: $(LOCK) into $(VENV) with $$($(PYTHON) --version)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@rm -f $(VENV)/.installed-*
	@# As constraints too: without them older pips take the newest SQLAlchemy for prefect's sqlalchemy[asyncio].
	@$(VENV)/bin/python -m pip install --quiet --no-compile --require-hashes -r $(LOCK) -c $(LOCK)
	@echo "install: the command hemaflow"
	@$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@echo "install: compiling bytecode (an import of tensorflow takes 7 s with it, 17 s without)"
	@PYTHONDONTWRITEBYTECODE= $(VENV)/bin/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	@touch $@

$(LOCK):
	@echo "EXTRA must be cpu or gpu, got $(EXTRA)" >&2; exit 1

repro: install
	@echo "repro: dvc repro"
	@python -m operations.locked dvc repro

lint: install
	@echo "lint: ruff"
	@ruff check --quiet . && ruff format --quiet --check .
	@echo "lint: layers"
	@found=$$(lint-imports --no-logo --no-cache) || { echo "$$found" >&2; exit 1; }

types: install
	@echo "types: mypy"
	@mypy

test: lint types
	@echo "test: pytest, without what takes long (make test-long runs that)"
	@python -m pytest -m "not long" $(WORKERS) $(PYTEST)

test-long: install
	@python -m pytest -m long $(PYTEST)

# The generated pages anew, then the site; a link that leads nowhere is an error.
docs: install
	@python -m docs.generate
	@NO_MKDOCS_2_WARNING=1 mkdocs build --strict
	@echo "docs: open site/index.html; to search it, python -m http.server --directory site"

# In the environment, since a command line is no place for the database's password.
serve: export HEMAFLOW_DATABASE := $(or $(DATABASE),$(HEMAFLOW_DATABASE))
serve: install
	@python -m hemaflow serve $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

# Both locks anew from pyproject.toml; wants uv.
lock:
	@for extra in cpu gpu; do uv pip compile --quiet pyproject.toml --extra $$extra --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements/$$extra.lock; done

clean:
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis site
