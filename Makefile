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
# Every one of ROUNDS goes on from the one before, with newly invented dialogues: about two hours each on two
# cores. Every step goes on where it was interrupted. A trial: make model ROUNDS=1 DIALOGUES=50 TRAIN="--epochs 1"
DATA      ?= ../shared/data
ENCODER   ?= sentence-transformers/all-MiniLM-L6-v2
ROUNDS    ?= 1 2 3
DIALOGUES ?= 10000
TRAIN     ?=
MODEL     ?= data/model
KGQA      := $(BIN)/kgqa
WORK      := runs/bundled

.PHONY: model
model: $(STAMP)
	mkdir -p $(WORK) $(MODEL)
	cp $(DATA)/csqa/train.jsonl.gz $(WORK)/csqa.jsonl.gz
	cp $(DATA)/convquestions/val.json.gz $(WORK)/convquestions.json.gz
	cp $(DATA)/convquestions/train_partial.json $(WORK)/convquestions.train.json
	test -d $(WORK)/wikidata || $(KGQA) graph build $(DATA)/wikidata $(DATA)/csqa/train_answer_types.tsv.gz \
		$(DATA)/csqa/train_count_triples.tsv.gz --out $(WORK)/wikidata
	$(KGQA) split csqa $(WORK)/csqa.jsonl.gz --share 0.1 --out $(WORK)/csqa.held_out
	$(KGQA) split convquestions $(WORK)/convquestions.json.gz --share 0.4 --out $(WORK)/convquestions.held_out
	$(KGQA) supervise convquestions $(WORK)/convquestions.json.gz --graph $(WORK)/wikidata --out $(WORK)/convquestions.silver
	$(KGQA) supervise convquestions $(WORK)/convquestions.train.json --graph $(WORK)/wikidata \
		--out $(WORK)/convquestions.train.silver
	set -e; start="--encoder $(ENCODER)"; for round in $(ROUNDS); do \
		out=$(WORK)/round-$$round; \
		if test ! -e $$out/choice.json; then \
			$(KGQA) synthesize --out $(WORK)/bundled.jsonl --count $(DIALOGUES) --seed $${round}1; \
			$(KGQA) synthesize --graph $(WORK)/wikidata --out $(WORK)/wikidata.jsonl --count $(DIALOGUES) --seed $${round}2; \
			$(KGQA) train --config data/recipes/bundled.toml $$start $(TRAIN) --out $$out; \
		fi; \
		start="--from $$out --learning-rate 5e-4"; \
	done; \
	cp -r $$out/config.toml $$out/weights.safetensors $$out/associations.json $$out/choice.json $$out/text $(MODEL)/
