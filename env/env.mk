# Inputs: what is fetched, locked and collected. TESTS=yes|no says whether with what only tests need: make fetch
# brings it unless told not to, make bundle leaves it out unless told to take it.

image_pins := $(addsuffix /pins.lock,$(addprefix recipes/,toolchain linux musl busybox))
test_pins := $(addsuffix /pins.lock,$(addprefix recipes/,test registry qemu))
$(if $(filter-out yes no,$(TESTS)),$(error TESTS: yes or no expected, found $(TESTS)))

.PHONY: fetch bundle lock outdated sources
##@ Inputs
fetch: ## download and verify everything that image and test need; they then work without network
	@env/fetch $(image_pins) $(if $(filter no,$(TESTS)),,$(test_pins))

bundle: ## write every pinned input and the archive's evidence to out/RECIPE/bundle.tar (TESTS=yes: of tests, too)
	@env/bundle out/$(recipe_name)/bundle.tar \
		$(patsubst %/pins.lock,%,$(image_pins) $(if $(filter yes,$(TESTS)),$(test_pins)))

lock: ## refresh the pins from the archive's signed indexes and show what changed
	@env/lock
	@env/root --expect toolchain >/dev/null
	@for root in test registry fuzz; do env/root --expect $$root >/dev/null || exit; done

outdated: ## list pins for which the archive has something newer, with their age
	@env/lock --outdated

sources: ## collect the complete corresponding source of everything in an image in out/sources
	@env/sources out/sources recipes/linux recipes/musl recipes/busybox
