# Everything a newcomer or CI needs. `make demo` and `make test` set up what they lack by themselves.

MICROBPF := .build/debug/microbpf

SECONDS ?= 60
COUNT ?= 20000
SEEDS ?= 200
FORGED ?= 20000

.PHONY: demo examples weather-station test docs bench conformance differential faults load attack build firmware firmware-cortex-m3 setup size fuzz format lint clean

## Take the examples the whole road to an emulated board and print what came of them.
demo: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) demo

## Run the examples on the emulated board, in every layout and engine, and check what they do.
examples: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) examples

## Deploy the weather station to an emulated board and watch it until Ctrl-C; FOR=20 ends it after 20 seconds.
weather-station: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) weather-station $(if $(FOR),--for $(FOR))

## Run all tests, those on the emulated board included.
test: firmware firmware-cortex-m3
	@scripts/setup --tests
	@scripts/run-tests

## Run the public conformance suite in all engines, on this machine and on the emulated board; BPF_CONFORMANCE_DIR says where it lies.
conformance: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) conformance --board host
	@$(MICROBPF) conformance --board qemu
	@$(MICROBPF) conformance --board qemu --engine jit
	@$(MICROBPF) conformance --board qemu --engine jit-hardware

## Count the instructions that the kernels take on the emulated board, print and save them, draw them, and write the page.
bench: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) bench --everything --save Benchmarks/results/latest.json
	@$(MICROBPF) bench page > docs/benchmarks.md
	@scripts/setup --plots
	@Benchmarks/plot

## Compare both engines over COUNT programs made at random, from SEED on if it is given, on the emulated board.
differential: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) differential --count $(COUNT) $(if $(SEED),--seed $(SEED))

## Deploy over SEEDS bad networks to emulated boards, and look what they hold afterwards.
faults: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) faults --seeds $(SEEDS)

## Run a program ten thousand times on the emulated board, by one client and by eight at once, and check each result.
load: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) load

## Run hostile programs on the emulated board in every engine, and FORGED pieces of code behind the memory protection alone.
attack: firmware
	@echo "building the command line"
	@swift build --quiet --product microbpf
	@$(MICROBPF) attack --forged $(FORGED) $(if $(SEED),--seed $(SEED))

## Make the reference of the modules from their comments: .build/documentation/microbpf.doccarchive.
docs:
	@echo "building the modules"
	@swift build --quiet
	@scripts/build-documentation

## Build the command line: .build/debug/microbpf.
build:
	swift build --product microbpf

## Build the firmware for the emulated board.
firmware: setup
	@echo "building the firmware"
	@scripts/build-firmware

## Build it without floating point, for a board with a Cortex-M3.
firmware-cortex-m3: setup
	@echo "building the firmware for Cortex-M3"
	@scripts/build-firmware --cpu cortex-m3

## Install what this machine lacks, and fetch the sources of the firmware's C libraries.
setup:
	@scripts/setup

## Print flash and RAM of the firmware, part by part.
size: firmware
	@scripts/firmware-size

## Attack every way in for SECONDS seconds each and print how many inputs were tried.
fuzz:
	@SECONDS_PER_TARGET=$(SECONDS) scripts/fuzz

## Put every Swift file into the project's format.
format:
	swift format format --in-place --recursive Sources Tests Firmware/Sources Fuzzing/Sources Examples Package.swift Firmware/Package.swift Fuzzing/Package.swift

## Complain about files that are not in it.
lint:
	swift format lint --strict --recursive Sources Tests Firmware/Sources Fuzzing/Sources Examples Package.swift Firmware/Package.swift Fuzzing/Package.swift

clean:
	rm -rf .build Firmware/.build Fuzzing/.build
