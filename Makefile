# The one door: what a newcomer, a hook and CI call.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROCESSES ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
SOURCES := bot gpu_worker storage deploy tests
export OMP_WAIT_POLICY := PASSIVE
unexport PYTHONDONTWRITEBYTECODE  # else each of the tests' many processes compiles the code again

.PHONY: demo web run test test-slow check format lint types imports security bench latency load faults fuzz evaluate train-embedded images chart clean

demo: $(READY)   ## the whole service on this machine, without Discord and without a GPU
	@$(BIN)/python -m deploy.local.demo $(ARGS)

web: $(READY)    ## the page in a browser, with a worker on this machine; ARGS="--port 7860"
	@$(BIN)/python -m bot.cli web $(ARGS)

run: $(READY)    ## bot and worker against the real Discord (DISCORD_TOKEN)
	@$(BIN)/python -m deploy.local.service $(ARGS)

test: $(READY)   ## every test but the slow ones; while one process waits, others work
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -rs -m "not slow" --numprocesses $(PROCESSES) --dist worksteal $(ARGS)

test-slow: $(READY)
	$(BIN)/python -m pytest -rs -m slow $(ARGS)

check: lint types imports security test

format: $(READY)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

lint: $(READY)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	@git ls-files $(SOURCES) | grep -E '\.(py|js|css|html)$$' | xargs wc -l \
	  | awk '$$1 > 400 && $$2 != "total" {print "warning: " $$2 " has " $$1 " lines; is it one noun?"}'

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

security: $(READY) ## secrets in the tree, known vulnerabilities of the dependencies
	@$(BIN)/python -m deploy.security

images: $(READY) ## both images, built and run: by Docker, or as root by buildah and debootstrap
	$(BIN)/python -m deploy.images $(ARGS)

chart: $(READY)  ## lint, render and validate the chart; a part of `make test` too
	$(BIN)/python -m pytest -rs tests/deploy/chart $(ARGS)

bench: $(READY)  ## the engine against the stock pipeline
	$(BIN)/python -m gpu_worker.lab.bench $(ARGS)

latency: $(READY)  ## acknowledgement, start and delivery times
	$(BIN)/python -m deploy.local.latency $(ARGS)

load: $(READY)   ## the bot beside 10,000 waiting jobs, or with ARGS beside a million finished ones
	$(BIN)/python -m deploy.local.load $(ARGS)

faults: $(READY) ## orders among faults, and an audit; ARGS="--jobs 2000 --faults 300 --seed 1"
	$(BIN)/python -m tests.faults $(ARGS)

fuzz: $(READY)   ## made-up inputs for everything that reads; ARGS="--inputs 20000 --seed 1"
	$(BIN)/python -m tests.fuzz $(ARGS)

evaluate: $(READY)
	$(BIN)/python -m gpu_worker.lab.evaluate $(ARGS)

train-embedded: $(READY)
	$(BIN)/python -m gpu_worker.lab.training $(ARGS)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $(READY)

clean:
	rm -rf $(VENV) build var
