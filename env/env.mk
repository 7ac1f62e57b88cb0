# Inputs: what is fetched, locked and collected. TESTS=yes|no says whether with what only tests need: make fetch
# brings it unless told not to, make bundle leaves it out unless told to take it.

# $(call pins_of,TARGET...): what images of these are made of.
pins_of = $(addsuffix /pins.lock,$(addprefix recipes/,toolchain $(if $(filter %-aarch64,$1),cross-aarch64) \
	$(if $(filter cca-%,$1),realm) $(linux_pins) musl busybox libtomcrypt))
linux_pins = $(if $(filter-out cca-%,$(or $1,nitro)),linux) $(if $(filter cca-%,$1),linux-cca)
image_pins := $(call pins_of,$(TARGETS))
test_pins := $(addsuffix /pins.lock,$(addprefix recipes/,realm test registry node qemu))
# From npm, for one test, which does without where no registry is known.
npm_pins := recipes/workflow-parser/pins.lock
# Images that are built for tests alone.
test_recipes := redis nginx python
test_locks := $(test_recipes:%=recipes/%/pins.lock)
$(if $(filter-out yes no,$(TESTS)),$(error TESTS: yes or no expected, found $(TESTS)))

# What the recipe pins itself: packages, and images of registries.
recipe_locks := $(patsubst debs:%,%,$(filter debs:%,$(sources)))
recipe_images := $(filter docker://% docker-daemon:%,$(sources))
platforms := $(if $(filter %-x86_64,$(TARGETS)),linux/amd64) $(if $(filter %-aarch64,$(TARGETS)),linux/arm64)
given_recipe := $(if $(findstring command,$(origin RECIPE)),$(recipe_dir))

.PHONY: fetch bundle lock new outdated sources
##@ Inputs
fetch: $(if $(recipe_images),out/libexec/rootfs) ## download and verify everything that image and test need; they then work without network
	@env/fetch $(image_pins) $(recipe_locks) $(if $(filter no,$(TESTS)),,$(test_pins) $(test_locks))
	@$(if $(filter no,$(TESTS)),,[ -z "$$(env/mirrors npm)$$BUNDLE" ] || env/fetch $(npm_pins))
	@$(if $(recipe_images),for p in $(platforms); do env/fetch-image $$p $(recipe_images) >/dev/null || exit; done)

bundle: $(if $(recipe_images),out/libexec/rootfs) ## write every pinned input and the archive's evidence to out/RECIPE/bundle.tar (TESTS=yes: of tests, too)
	@env/bundle out/$(recipe_name)/bundle.tar \
		$(patsubst %/pins.lock,%,$(image_pins) $(if $(filter yes,$(TESTS)),$(test_pins) $(npm_pins) $(test_locks))) \
		-- $(subst $() ,$(comma),$(strip $(platforms))) $(filter debs:%,$(sources)) $(recipe_images)

# With IMAGE= or RECIPE= only that image, or the packages of that recipe.
lock: ## refresh the pins from the archive's signed indexes, show what changed; IMAGE=docker://name:tag, RECIPE=...
ifneq ($(IMAGE),)
	@env/lock-image '$(IMAGE)' $(given_recipe)
else ifneq ($(given_recipe),)
	@env/lock $(given_recipe)
else
	@env/lock
	@env/root --expect toolchain >/dev/null
	@for root in cross-aarch64 realm test registry node fuzz browser; do env/root --expect $$root >/dev/null || exit; done
endif

new: ## write a recipe for a container: RECIPE=name|folder FROM=image:tag, or any source of docs/recipes.md
	@env/new '$(given_recipe)' '$(FROM)'

outdated: ## list pins for which the archive has something newer, with their age
	@env/lock --outdated

sources: ## collect the complete corresponding source of everything in the image of RECIPE in out/RECIPE/sources
	@mkdir -p out/$(recipe_name)
	@env/sources out/$(recipe_name)/sources \
		$(patsubst %,recipes/%,$(call linux_pins,$(TARGETS))) recipes/musl recipes/busybox recipes/libtomcrypt -- $(sources)
