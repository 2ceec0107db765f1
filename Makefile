# Needs Python 3.11 or newer and nothing else: each target first makes .venv hold what the project pins.
# Tools run as `python -m …`: the scripts of an environment do not start in a path with a space.

.PHONY: help run test check format
PY = .venv/bin/python
TEMPLATES = find templates -name '*.html' -print0 | xargs -0 .venv/bin/djade --target-version 5.2

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
	@echo 'make test     run all tests, those in the browser too'
	@echo 'make check    lint, types, templates, migrations, import rules'
	@echo 'make format   put Python and templates into shape'

run:
	$(call install,requirements.txt)
	@exec $(PY) -m mentoring.local.run

test:
	$(call install,requirements-dev.txt)
	@$(PY) -m mentoring.local.chromium
	@exec $(PY) -m pytest $(ARGS)

check: export DEBUG = 1
check:
	$(call install,requirements-dev.txt)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(TEMPLATES) --check
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()'

format:
	$(call install,requirements-dev.txt)
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .
	$(TEMPLATES)
