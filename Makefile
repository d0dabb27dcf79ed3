# From nothing to the report and to passing tests, on a machine with Python 3.11, g++ and make:
#
#   make align-report [IMAGE=photo.jpg] [WEIGHTS=model.pth] [CONFIG=nanodet-plus-m_416]
#   make test
#   make eval [VOC=VOCdevkit SPLIT=2007:test] [WEIGHTS=model.pth CONFIG=nanodet-plus-m_320]
#   make vis  (the same variables)
#
# Each does the whole set-up first (once, in .venv), for which alone it needs the network.

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

# Data and weights: what `jtmigrate fetch` brings goes to data/; reference material may lie beside the repository.
VOC ?= $(firstword $(wildcard data/VOCdevkit ../shared/data/VOCdevkit))
SPLIT ?= 2007:test
TRAINED := $(or $(WEIGHTS),$(wildcard ../shared/weights/nanodet-plus-m_320_voc20.pth),nanodet_common/pretrained/nanodet-plus-m_256_voc20.pth)
EVALUATED = --config '$(or $(CONFIG),nanodet-plus-m_320)' --weights '$(TRAINED)' --voc '$(VOC)' --split '$(SPLIT)'

# Of `make tiny20`: twenty images, from trained weights.
TINY20 = --config tiny20 --voc '$(VOC)' --train 2007:trainval --overfit 20 --weights '$(TRAINED)'

TORCH_RUN ?= runs/torch
JITTOR_RUN ?= runs/jittor

.PHONY: setup align-report test test-fast eval vis tiny20 plot bench deliverables check-data mutations atlas lint clean

setup: $(READY)

align-report: setup
	$(BIN)/python -m jtmigrate.presets.align_report --out reports/alignment \
		$(if $(IMAGE),--image '$(IMAGE)') $(if $(WEIGHTS),--weights '$(WEIGHTS)') $(if $(CONFIG),--config '$(CONFIG)')

test: setup
	$(BIN)/python -m pytest alignment_tests

test-fast: setup
	$(BIN)/python -m pytest alignment_tests -m 'not slow'

# The whole test set through both frameworks: mAP, and whether they found the same.
eval: check-data setup
	$(BIN)/jtmigrate eval --framework both $(EVALUATED) --json reports/eval/result.json --html reports/eval/index.html

# Pictures of a batch: as training sees it, and with what both frameworks find in it.
vis: check-data setup
	$(BIN)/python -m jtmigrate.presets.vis --out reports/vis $(EVALUATED)

# The same twenty images learned by heart in both frameworks, and both curves on one picture.
tiny20: check-data setup
	$(BIN)/python -m nanodet_ref_torch train $(TINY20) --out runs/tiny20-torch
	$(BIN)/python -m nanodet_jittor train $(TINY20) --out runs/tiny20-jittor
	$(BIN)/jtmigrate plot runs/tiny20-torch runs/tiny20-jittor --out reports/tiny20

# Curves of training runs -> reports/plot.
plot: setup
	$(BIN)/jtmigrate plot $(or $(LOGS),runs) --out reports/plot

# Both frameworks measured side by side on this machine, which nobody else should use meanwhile -> reports/bench.
# BENCH='--what inference --batch 1' asks for less.
bench: setup
	$(BIN)/jtmigrate bench --out reports/bench --config '$(or $(CONFIG),nanodet-plus-m_320)' \
		--weights '$(TRAINED)' $(if $(VOC),--voc '$(VOC)' --split '$(SPLIT)') $(BENCH)

# One folder: curves, pictures, logs, reports, and a table of both frameworks.
deliverables: setup
	$(BIN)/python -m jtmigrate.presets.deliverables $(if $(wildcard $(TORCH_RUN)),--torch '$(TORCH_RUN)') \
		$(if $(wildcard $(JITTOR_RUN)),--jittor '$(JITTOR_RUN)')

check-data:
	@test -d '$(VOC)' || { echo 'No data set: make setup, $(BIN)/jtmigrate fetch voc2007, or VOC=path/to/VOCdevkit'; exit 2; }
	@test -f '$(TRAINED)' || { echo 'No weights: WEIGHTS=model.pth CONFIG=name names a checkpoint'; exit 2; }

# Faults injected into the port one at a time -> reports/mutation-matrix.md. FULL=1: the whole detector, trained weights.
mutations: setup
	$(BIN)/python -m alignment_tests.mutations --out reports/mutation-matrix.md $(if $(FULL),--full) $(if $(SEED),--seed $(SEED))

# Every name of the atlas in both frameworks; `make test` runs every eighth.
atlas: setup
	JTMIGRATE_ATLAS=all $(BIN)/python -m pytest alignment_tests/jtmigrate/port/test_atlas.py

lint: setup
	$(BIN)/ruff check .

clean:
	rm -rf $(VENV) reports/alignment reports/eval reports/vis reports/plot reports/tiny20 deliverables build *.egg-info .pytest_cache .ruff_cache .hypothesis

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
