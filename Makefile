# Two commands: `make run` and `make test`. `make help` lists the rest.

SERVE = .venv/bin/python
DEV = .venv-dev/bin/python
# The site to check.
URL ?=
# A folder of the official MNIST files, or nothing: then they are downloaded and kept.
MNIST ?=
# Which model: digits (the seed network), ink (reads pictures) or pen (reads strokes).
NAME ?= digits
# Stroke files of digits, and of what is none, to train on or to measure with; spaces between.
STROKES ?=
OTHERS ?=
mnist = --name "$(NAME)" $(if $(MNIST),--mnist "$(MNIST)")
strokes = $(foreach file,$(STROKES),--strokes "$(file)") \
	$(foreach file,$(OTHERS),--others "$(file)")

.PHONY: help run test lint format train evaluate bench check looks lock serving dev

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: serving ## install what serving needs and start the site (PORT=8000)
	@$(SERVE) -m webapp serve

test: dev ## install what testing needs and run every test
	@$(DEV) -m support.chromium
	@$(DEV) -m tests.services
	@if command -v node >/dev/null; then node --test tests/js/*.test.js; \
	else echo "There is no node here: the JavaScript unit tests are left out." \
	"The browser tests below still cover the page."; fi
	@$(DEV) -m pytest

lint: dev ## check style and types
	@$(DEV) -m ruff check .
	@$(DEV) -m ruff format --check .
	@$(DEV) -m mypy

format: dev ## put the code in the project's format
	@$(DEV) -m ruff check --fix .
	@$(DEV) -m ruff format .

train: dev ## train a network and ship it (NAME=pen MNIST=folder STROKES=files OTHERS=files)
	@$(DEV) -m train $(mnist) $(strokes)

evaluate: dev ## measure a shipped model and compare it with its card (the same variables)
	@$(DEV) -m train evaluate $(mnist) $(strokes)

bench: dev serving ## measure the server (docs/performance.md), the networks and the page
	@$(DEV) -m bench
	@$(DEV) -m bench.networks
	@$(DEV) -m bench.page

check: serving ## smoke test of a deployed site (URL=https://…)
	@test -n "$(URL)" || { echo "Which site? make check URL=https://…" >&2; exit 2; }
	@$(SERVE) scripts/check.py "$(URL)"

looks: dev ## accept the current look of the pages after an intended change (tests/browser/looks)
	@ACCEPT_LOOKS=1 $(DEV) -m pytest -q tests/browser/test_visual.py

lock: dev ## resolve the requirements anew
	@for pair in serve.in:requirements.txt train.in:requirements/train.txt \
	test.in:requirements/test.txt rivals.in:requirements/rivals.txt; do \
	.venv-dev/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --upgrade requirements/$${pair%%:*} -o $${pair##*:} || exit 1; done

serving:
	@scripts/venv.sh .venv requirements.txt

dev:
	@scripts/venv.sh .venv-dev requirements/test.txt
