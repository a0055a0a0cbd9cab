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

# The bundled model from raw data: DATA holds wikidata/, csqa/, convquestions/; ENCODER is a name or a folder.
# Hours on two cores; every step goes on where it was interrupted.
DATA    ?= ../shared/data
ENCODER ?= sentence-transformers/all-MiniLM-L6-v2
KGQA    := $(BIN)/kgqa

.PHONY: model
model: $(STAMP)
	mkdir -p runs/bundled
	cp $(DATA)/csqa/train.jsonl.gz runs/bundled/csqa.jsonl.gz
	cp $(DATA)/convquestions/val.json.gz runs/bundled/convquestions.json.gz
	test -d runs/bundled/wikidata || $(KGQA) graph build $(DATA)/wikidata $(DATA)/csqa/train_answer_types.tsv.gz \
		$(DATA)/csqa/train_count_triples.tsv.gz --out runs/bundled/wikidata
	$(KGQA) split csqa runs/bundled/csqa.jsonl.gz --share 0.1 --out runs/bundled/csqa.held_out
	$(KGQA) split convquestions runs/bundled/convquestions.json.gz --share 0.4 --out runs/bundled/convquestions.held_out
	$(KGQA) synthesize --out runs/bundled/bundled.jsonl --count 9000 --seed 41
	$(KGQA) synthesize --graph runs/bundled/wikidata --out runs/bundled/wikidata.jsonl --count 9000 --seed 42
	$(KGQA) supervise convquestions runs/bundled/convquestions.json.gz --graph runs/bundled/wikidata --out runs/bundled/convquestions.silver
	test -e runs/bundled/first/choice.json || $(KGQA) train --config data/recipes/bundled.toml --encoder $(ENCODER) --out runs/bundled/first
	$(KGQA) train --config data/recipes/bundled.toml --from runs/bundled/first --learning-rate 5e-4 --out runs/bundled/run
	mkdir -p data/model
	cp -r runs/bundled/run/config.toml runs/bundled/run/weights.safetensors runs/bundled/run/associations.json runs/bundled/run/choice.json runs/bundled/run/text data/model/
