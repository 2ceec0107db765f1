# Needs Python 3.11 or newer and nothing else: each target first makes .venv hold what the project pins.
# Tools run as `python -m …`: the scripts of an environment do not start in a path with a space.

.PHONY: help run test check lint types templates migrations imports format packages packages-dev
PY = .venv/bin/python
DJADE = find templates -name '*.html' -print0 | xargs -0 .venv/bin/djade --target-version 5.2

define install
	@for python in "$${PYTHON:-python3.11}" python3 python3.14 python3.13 python3.12; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec "$$python" -I mentoring/local/install.py $(1); \
	  fi; \
	done; \
	echo 'Holdfast needs Python 3.11 or newer; install it, or name it: make run PYTHON=/path/to/python3' >&2; exit 1
endef

help:
	@echo 'make run      start Holdfast with a demonstration program (PORT=8123 make run: on another port)'
	@echo 'make test     run all tests, those in the browser too (ARGS="-k words" for some of them)'
	@echo 'make check    lint, types, templates, migrations, import rules'
	@echo 'make format   put Python and templates into shape'

run: packages
	@exec $(PY) -m mentoring.local.run

test: packages-dev
	@$(PY) -m mentoring.local.chromium
	@exec $(PY) -m pytest $(ARGS)

check: lint templates migrations imports types

lint: packages-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: packages-dev
	DEBUG=1 $(PY) -m mypy .

templates: packages-dev
	$(DJADE) --check

migrations: packages-dev
	DEBUG=1 $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

imports: packages-dev
	$(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()'

format: packages-dev
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .
	$(DJADE)

packages:
	$(call install,requirements.txt)

packages-dev:
	$(call install,requirements-dev.txt)
