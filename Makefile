# mintmark: the table of contents. Every step runs in the pinned environment (env/run), sees only the
# inputs named in its rule, and its results appear whole or not at all. `make help` lists what to ask for.

# What is read before this file, or overrides it, would be an input that nobody sees.
$(if $(filter-out Makefile,$(firstword $(MAKEFILE_LIST))),$(error \
	Makefile expected to be read first, found $(firstword $(MAKEFILE_LIST)) (GNUmakefile? MAKEFILES?)))
$(if $(findstring e,$(firstword -$(MAKEFLAGS))),$(error make -e is not supported))

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/sh

# What a user may say: which recipe (a name here, or a folder anywhere), where its root comes from (any source
# of docs/recipes.md instead of the recipe's own), which image to pin or to begin with, how many jobs.
RECIPE ?= hello
ROOTFS ?=
IMAGE ?=
FROM ?=
export MIRROR BUNDLE SNAPSHOT NPM JOBS
unexport CDPATH

# These reach shells: nothing is read of other characters than the plain ones, and those after the name.
plain := A B C D E F G H I J K L M N O P Q R S T U V W X Y Z a b c d e f g h i j k l m n o p q r s t u v w x y z \
	0 1 2 3 4 5 6 7 8 9 _ . / + , @ = ~ -
left = $(eval rest := $$(value $1))$(if $(foreach c,$(plain) $2,$(eval rest := $$(subst $$c,,$$(rest)))),)$(rest)
expect_plain = $(if $(filter-out <>,<$(call left,$1,$2)>),$(error \
	$1: one word of A-Z a-z 0-9 _ . / + $(comma) @ = ~ - $2 expected, found "$(value $1)"))
comma := ,
$(foreach v,RECIPE TARGET REALM RMM_STACK,$(call expect_plain,$v))
$(foreach v,ROOTFS IMAGE FROM,$(call expect_plain,$v,:))
$(foreach v,TARGETS VARY HOSTS SECONDS FUZZ BENCH,$(if $(strip $(call left,$v)),$(error \
	$v: words of A-Z a-z 0-9 _ . / + $(comma) @ = ~ - expected, found "$(value $v)")))

# All others may be any text, and make is not to expand it on its way into the environment of a command.
$(foreach v,JOBS MIRROR BUNDLE SNAPSHOT NPM KEYRING TESTS RELEASE LEG PREFIX DESTDIR MINTMARK_CACHE AUTHORITY KEY SIGNER PASSPHRASE_FILE \
	RANDOM_NONCE PREVIOUS RELEASES LOG LOG_KEY TITLE FILES,$(if $(findstring command,$(origin $v)),$(eval override export $v := $$(value $v))))

recipe_dir := $(if $(findstring /,$(RECIPE)),$(RECIPE:%/=%),recipes/$(RECIPE))
recipe_name := $(notdir $(recipe_dir))
$(if $(filter-out . ..,$(recipe_name)),,$(error RECIPE: the name or folder of a recipe expected, found "$(RECIPE)"))
# What makes or repairs a recipe does not read it first.
recipe_says = $(if $(filter new lock,$(MAKECMDGOALS)),,$(shell env/recipe $(recipe_dir) $1)$(if \
	$(filter-out 0,$(.SHELLSTATUS)),$(error $(recipe_dir) is not a recipe that can be built)))
recipe_get = $(call recipe_says,get $1)
TARGETS := $(if $(TARGETS),$(TARGETS),$(call recipe_get,TARGETS))
# Where the root comes from: ROOTFS= on the command line, or the recipe's SOURCEs, laid over each other.
sources := $(call recipe_says,sources '$(ROOTFS)')
known_targets := nitro-x86_64 nitro-aarch64 cca-aarch64
# $(call arch_of,TARGET): its processor.
arch_of = $(lastword $(subst -, ,$1))
$(if $(filter-out $(known_targets),$(TARGETS)),$(error TARGETS: one of $(known_targets) expected, found $(TARGETS)))
TARGET ?= $(firstword $(TARGETS))
parts := out/parts
target_dir = out/$(recipe_name)/$(TARGET)

# Names this run of make: the content of a cached environment is checked once in each.
export MINTMARK_RUN := $(shell awk '{ print $$1 "." $$22 }' /proc/$$PPID/stat)
export MINTMARK_OUT := $(CURDIR)/out

RUN := env/run
toolchain := recipes/toolchain/pins.lock recipes/toolchain/root.sha256
# What runs in the guest is built for its processor, by a second environment where that is not the first one's.
# $(call for_arch,STEP,ARCH): what the step is called, and where it runs.
archs := x86_64 aarch64
cross_aarch64 := recipes/cross-aarch64/pins.lock recipes/cross-aarch64/root.sha256
for_arch = --name $1$(if $(cross_$2),-$2 --root cross-$2)
realm_root := $(toolchain) recipes/realm/pins.lock recipes/realm/root.sha256
test_root := $(toolchain) recipes/test/pins.lock recipes/test/root.sha256

.PHONY: help
##@ Images
help: ## this list
	@awk -f env/help.awk $(MAKEFILE_LIST)

.PHONY: image
image: out/$(recipe_name)/SHA256SUMS ## build the image of RECIPE (hello), print its measurements
	@for t in $(TARGETS); do env/table out/$(recipe_name)/$$t; done

include env/env.mk
include kernel/kernel.mk
include sysroot/sysroot.mk
include init/init.mk
include lib/tools.mk
include rootfs/ramdisks.mk
include cca-image/image.mk
include eif/image.mk
include tests/tests.mk
include tests/fuzz/fuzz.mk
include tests/bench/bench.mk
include ci/ci.mk
include attest/attest.mk

settable := RECIPE TARGETS TARGET REALM RMM_STACK ROOTFS IMAGE FROM JOBS MIRROR BUNDLE SNAPSHOT NPM KEYRING TESTS VARY RELEASE \
	HOSTS LEG SECONDS FUZZ BENCH PREFIX DESTDIR CC CFLAGS LDFLAGS MINTMARK_CACHE AUTHORITY KEY SIGNER PASSPHRASE_FILE RANDOM_NONCE \
	PREVIOUS RELEASES LOG LOG_KEY TITLE FILES
overridden := $(strip $(foreach v,$(filter-out $(settable) -%,$(.VARIABLES)),$(if $(findstring command,$(origin $v)),$v)))
$(if $(overridden),$(error only $(settable) can be set, found $(overridden)))

.PHONY: clean
##@ House-keeping
clean: ## remove out/; the cache of verified downloads stays
	rm -rf out
