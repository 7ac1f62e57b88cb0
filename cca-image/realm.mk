# What the realm room consists of: lists of sources, no rules. libfdt is linked in: the environment that the command
# runs in is that of the other commands, which has none.
REALM_LIB_SRC := cca-image/expression.c cca-image/igvm_describe.c cca-image/igvm_extract.c cca-image/igvm_measure.c \
	cca-image/igvm_read.c cca-image/igvm_write.c cca-image/layout.c cca-image/log.c cca-image/measure.c \
	cca-image/names.c cca-image/plan.c cca-image/read.c cca-image/rem.c cca-image/rim.c cca-image/trace.c \
	cca-image/tree.c
REALM_SRC := cca-image/cmd_build.c cca-image/cmd_corim.c cca-image/cmd_describe.c cca-image/cmd_extract.c \
	cca-image/cmd_measure.c cca-image/cmd_rem.c cca-image/cmd_replay.c cca-image/cmd_run.c cca-image/cmd_tree.c \
	cca-image/cmd_verify.c cca-image/main.c cca-image/parts.c
REALM_LIBS := -l:libfdt.a -lcrypto -lisal -ljansson
