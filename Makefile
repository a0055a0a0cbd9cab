# make demo | make test | make wheel | make clean
# Another interpreter: make test PYTHON=python3.12   Another place: make test VENV=/tmp/kgqa-venv

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# The stamp carries the interpreter's name, so that asking for another one never runs the old environment.
STAMP  := $(VENV)/made-with-$(notdir $(PYTHON))

.PHONY: demo test wheel clean
.DELETE_ON_ERROR:

demo: $(STAMP)
	@$(BIN)/kgqa chat --demo

test: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest

wheel: $(STAMP)
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A half-made environment has no stamp and is started afresh; a finished one whose pyproject or constraints
# changed is only brought up to date.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "expected Python 3.11 or newer, found " + sys.version.split()[0] + " as $(PYTHON): name another one with PYTHON=python3.12")'
	test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,serve]'
	@touch $@
