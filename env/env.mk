# Inputs: what is fetched, locked and collected.

image_pins := $(addsuffix /pins.lock,$(addprefix recipes/,toolchain linux musl busybox))
test_pins := $(addsuffix /pins.lock,$(addprefix recipes/,test qemu))

.PHONY: fetch lock outdated sources
##@ Inputs
fetch: ## download and verify everything that image and test need; they then work without network
	@env/fetch $(image_pins) $(test_pins)

lock: ## refresh the pins from the archive's signed indexes and show what changed
	@env/lock
	@env/root --expect toolchain >/dev/null
	@env/root --expect test >/dev/null

outdated: ## list pins for which the archive has something newer, with their age
	@env/lock --outdated

sources: ## collect the complete corresponding source of everything in an image in out/sources
	@env/sources out/sources recipes/linux recipes/musl recipes/busybox
