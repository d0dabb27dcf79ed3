# From nothing to the report and to passing tests, on a machine with Python 3.11, g++ and make:
#
#   make align-report [IMAGE=photo.jpg] [WEIGHTS=model.pth] [CONFIG=nanodet-plus-m_416]
#   make test
#
# Either does the whole set-up first (once, in .venv), for which alone it needs the network.

PYTHON ?= $(firstword $(foreach python,python3.11 python3,$(if $(shell $(python) -c 'print(1)' 2>/dev/null),$(python))))
# Asked only where the configured package sources have no CPU build of torch, as PyPI has none for Linux.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready

# PyPI's macOS builds of torch are CPU builds; its Linux ones bring gigabytes of CUDA.
TORCH := torch==2.13.0$(if $(filter Linux,$(shell uname -s)),+cpu)
# The lock file pins what is tested, and that is Python 3.11.
LOCK := $(if $(findstring 3.11.,$(shell $(PYTHON) --version 2>/dev/null)),--constraint requirements.lock)

.PHONY: setup align-report test test-fast mutations lint clean

setup: $(READY)

align-report: setup
	$(BIN)/python -m jtmigrate.presets.align_report --out reports/alignment \
		$(if $(IMAGE),--image '$(IMAGE)') $(if $(WEIGHTS),--weights '$(WEIGHTS)') $(if $(CONFIG),--config '$(CONFIG)')

test: setup
	$(BIN)/python -m pytest alignment_tests

test-fast: setup
	$(BIN)/python -m pytest alignment_tests -m 'not slow'

# Faults injected into the port one at a time -> reports/mutation-matrix.md. FULL=1: the whole detector, trained weights.
mutations: setup
	$(BIN)/python -m alignment_tests.mutations --out reports/mutation-matrix.md $(if $(FULL),--full) $(if $(SEED),--seed $(SEED))

lint: setup
	$(BIN)/ruff check .

clean:
	rm -rf $(VENV) reports/alignment build *.egg-info .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml requirements.lock
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or later is needed (tested: 3.11): install it, or name it: make PYTHON=/path/to/python3.11'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@$(PIP) install --no-deps $(TORCH) || { \
		echo 'No CPU build of torch in the configured package sources: asking $(TORCH_INDEX) (TORCH_INDEX=... changes it)'; \
		$(PIP) install --no-deps $(TORCH) --index-url $(TORCH_INDEX); }
	$(PIP) install $(LOCK) --editable '.[all]'
	$(BIN)/jtmigrate doctor --fix
	touch $@
