FIRMWARE := Firmware/.build/armv7em-none-none-eabi/release/App

.PHONY: setup firmware

setup:
	@scripts/setup

firmware: setup
	swift build --package-path Firmware -c release --triple armv7em-none-none-eabi --toolset Firmware/toolset.json
